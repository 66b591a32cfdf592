/* SPDX-License-Identifier: Apache-2.0
 *
 * pieces: what a format makes of a file, on its way to the log. Many pieces share a transaction,
 * for each would wait for a commit of its own; when one of them is refused, each is tried alone.
 * With its records a piece leaves the bytes it was made from, sealed with the chart they are about
 * and erased with it, and a Provenance that names both. The Provenance's id is made of those bytes,
 * the format and the edition of its mapping: a resend is known by it before anything is parsed.
 */
#include "gateways/files/inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "platform/entries.h"

enum {
    HELD = 64,
    HELD_BYTES = 4 << 20,
    ENTRIES = 100000,
    SOURCE_MOST = 16 << 20, /* a larger source is told by its length alone */
    EDITION = 1             /* of the mappings: another one makes records anew */
};

typedef struct held {
    int64_t line;
    km_str json, source, provenance;
    bool known;      /* these very bytes are in already, and need not be looked at again */
    bool witnessed;  /* their Provenance stands */
    size_t first, n; /* changes of the transaction at hand */
    int64_t chart;
} held;

struct km_pieces {
    km_importing *im;
    const char *path, *format;
    km_str text;
    int32_t source;
    bool again;
    km_arena *arena;
    held piece[HELD];
    size_t n, bytes;
};

km_pieces *km_pieces__open(km_importing *im, const char *path, km_str text, const char *format,
                           int32_t source, bool again)
{
    km_pieces *p = calloc(1, sizeof *p);
    if (p == NULL)
        abort();
    *p = (km_pieces){ .im = im,
                      .path = path,
                      .format = format,
                      .text = text,
                      .source = source,
                      .again = again,
                      .arena = km_arena_new((size_t)1 << 31) };
    return p;
}

void km_pieces__close(km_pieces *p)
{
    km_arena_free(p->arena);
    free(p);
}

/* --- known ones --- */

static const char opening[] = "{\"resource\":{\"resourceType\":\"";

/* Quotes within strings are escaped, so this stands nowhere else. */
static int64_t count_entries(km_str json)
{
    int64_t n = 0;
    for (const char *at; (at = memmem(json.p, json.n, opening, sizeof opening - 1)) != NULL; n++)
        json = km_str_sub(json, (size_t)(at - json.p) + 1, json.n);
    return n;
}

static km_code look_up(km_pieces *p, km_call *call)
{
    km_reader *r;
    km_ftype type = km_fhir_type_named(KM_STR("Provenance"));
    KM_TRY(km_reader_open(&r, p->im->node->log, km_trust_job_access("import", call->arena), call));
    km_code rc = KM_OK;
    for (size_t i = 0; i < p->n && rc == KM_OK; i++) {
        km_record *rec;
        rc = km_reader_find(&rec, r, type, p->piece[i].provenance, p->source);
        p->piece[i].witnessed = rc == KM_OK && rec->source == p->source && !rec->deleted;
        p->piece[i].known = p->piece[i].witnessed && !p->again;
        if (rc == KM_NOT_FOUND || rc == KM_GONE || rc == KM_ERASED) {
            km_fault_clear(call->fault);
            rc = KM_OK;
        }
        if (p->piece[i].known)
            km_report__stored(p->im->report, 0, count_entries(p->piece[i].json));
    }
    km_reader_close(r);
    return rc;
}

/* --- records --- */

/* The same resource in two pieces of a transaction: said alike, it is said once; otherwise the
 * pieces go one by one. */
static bool drop_twin(km_bundle *b, size_t from, bool *differs)
{
    km_change *last = &b->change[b->n - 1];
    for (size_t i = 0; i < from; i++) {
        const km_change *c = &b->change[i];
        if (c->type != last->type || !km_str_eq(c->id, last->id))
            continue;
        *differs = *differs || !km_str_eq(km_jv_raw(c->resource), km_jv_raw(last->resource));
        b->n--;
        return true;
    }
    return false;
}

static km_code read_piece(km_bundle *b, held *h, bool *differs)
{
    km_json *doc;
    km_call *call = b->w.call;
    km_str text = km_arena_print(call->arena, "[%.*s]", KM_STR_ARG(h->json));
    size_t number = 0;
    h->first = b->n;
    KM_TRY(km_json_parse(&doc, call->arena, text, &km_change_limits, call->fault));
    for (km_jv_iter i = km_jv_each(km_json_root(doc)); km_jv_next(&i);) {
        if (b->n == ENTRIES)
            return km_fail(call->fault, KM_TOO_COSTLY, "entry", "at most %d entries", ENTRIES);
        KM_TRY(km_bundle__entry(b, i.value, number++, call->fault));
        (void)drop_twin(b, h->first, differs);
    }
    h->n = b->n - h->first;
    return KM_OK;
}

/* Whose the piece is; a piece all of whose records stood in an earlier one is of theirs. */
static void find_charts(km_bundle *b, held *first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        held *h = &first[i];
        for (size_t k = h->first; k < h->first + h->n && h->chart == 0; k++)
            if (b->change[k].write != NULL)
                h->chart = b->change[k].write->chart;
    }
}

static km_code store_records(km_pieces *p, km_bundle *b, held *first, size_t n)
{
    size_t failed = 0;
    bool differs = false;
    km_call *call = b->w.call;
    int64_t room = 1;
    for (size_t i = 0; i < n; i++)
        room += first[i].known ? 0 : count_entries(first[i].json);
    room = room > ENTRIES ? ENTRIES + 1 : room;
    b->change = KM_NEW_ARRAY(call->arena, (size_t)room, km_change);
    b->line = KM_NEW_ARRAY(call->arena, (size_t)room, int64_t);
    for (size_t i = 0; i < n; i++)
        if (!first[i].known)
            KM_TRY(read_piece(b, &first[i], &differs));
    if (differs)
        return km_fail(call->fault, KM_CONFLICT, NULL, "pieces say different things of one record");
    for (size_t i = 0; i < b->n; i++)
        km_targets__need(p->im->targets, p->source, b->change[i].resource, b->change[i].type);
    if (b->n == 0)
        return KM_OK;
    KM_TRY(km_changes_carry_out(&b->w, b->change, b->n, &failed));
    km_bundle__count(b, b->change, b->n);
    find_charts(b, first, n);
    return KM_OK;
}

/* --- sources --- */

static void write_targets(km_jw *w, const km_bundle *b, const held *h)
{
    km_jw_key(w, "target");
    km_jw_open(w, '[');
    for (size_t i = h->first; i < h->first + h->n; i++) {
        char target[96];
        snprintf(target, sizeof target, "%.*s/%.*s",
                 KM_STR_ARG(km_fhir_type_name(b->change[i].type)), KM_STR_ARG(b->change[i].id));
        km_jw_open(w, '{');
        km_jw_member_z(w, "reference", target);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static void write_source(km_jw *w, const km_pieces *p, const held *h, km_str name)
{
    km_jw_key(w, "entity");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "role", "source");
    km_jw_key(w, "what");
    km_jw_open(w, '{');
    km_jw_key(w, "identifier");
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", "urn:kumihimo:blob");
    km_jw_member(w, "value", name);
    km_jw_close(w, '}');
    char display[96];
    snprintf(display, sizeof display, "%s, %zu bytes, line %lld", p->format, h->source.n,
             (long long)h->line);
    km_jw_member_z(w, "display", display);
    km_jw_close(w, '}');
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static km_str provenance_of(km_pieces *p, const km_bundle *b, const held *h, km_str name, km_ms now,
                            km_arena *a)
{
    char recorded[25];
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    km_instant_print(recorded, now);
    km_str who = p->im->source_name.n > 0    ? p->im->source_name
                 : p->im->source_uri != NULL ? km_str_of(p->im->source_uri)
                                             : KM_STR("kumihimo import");
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "Provenance");
    km_jw_member(&w, "id", h->provenance);
    write_targets(&w, b, h);
    km_jw_member_z(&w, "recorded", recorded);
    km_jw_key(&w, "agent");
    km_jw_open(&w, '[');
    km_jw_open(&w, '{');
    km_jw_key(&w, "who");
    km_jw_open(&w, '{');
    km_jw_member(&w, "display", who);
    km_jw_close(&w, '}');
    km_jw_close(&w, '}');
    km_jw_close(&w, ']');
    write_source(&w, p, h, name);
    km_jw_close(&w, '}');
    return km_buf_str(&out);
}

static km_code put_sources(km_pieces *p, km_blob *blob, held *const *piece, size_t n, km_call *call)
{
    for (size_t i = 0; i < n; i++)
        blob[i] = (km_blob){ .chart = piece[i]->chart,
                             .bytes = piece[i]->source.n <= SOURCE_MOST ? piece[i]->source
                                                                        : KM_STR_NONE };
    return km_blobs_put(p->im->node->log, blob, n, call);
}

static km_code store_sources(km_pieces *p, const km_bundle *b, held *first, size_t n)
{
    km_blob blob[HELD];
    held *piece[HELD];
    size_t k = 0, failed = 0;
    km_call *call = b->w.call;
    km_bundle sources;
    for (size_t i = 0; i < n; i++)
        if (!first[i].witnessed && first[i].n > 0)
            piece[k++] = &first[i];
    if (k == 0)
        return KM_OK;
    KM_TRY(put_sources(p, blob, piece, k, call));
    km_bundle__open(&sources, p->im, p->path, p->source, call);
    km_change *change = KM_NEW_ARRAY(call->arena, k, km_change);
    for (size_t i = 0; i < k; i++) {
        km_jv root;
        km_ftype type;
        km_str text = provenance_of(p, b, piece[i], blob[i].name, km_call_now(call), call->arena);
        KM_TRY(km_change_read(&root, &type, text, 0, call));
        change[i] = (km_change){
            .op = KM_OP_UPDATE, .type = type, .id = piece[i]->provenance, .resource = root
        };
    }
    KM_TRY(km_changes_carry_out(&sources.w, change, k, &failed));
    km_bundle__count(&sources, change, k);
    return KM_OK;
}

/* --- groups --- */

static km_code store(km_pieces *p, held *first, size_t n, km_fault *told)
{
    km_own_call own;
    km_bundle b;
    km_own_call_open(&own, p->im->node, "import", (size_t)1 << 31);
    km_bundle__open(&b, p->im, p->path, p->source, &own.call);
    km_code rc = store_records(p, &b, first, n);
    if (rc == KM_OK)
        rc = store_sources(p, &b, first, n);
    if (rc != KM_OK)
        *told = *own.call.fault;
    km_own_call_close(&own);
    return rc;
}

static km_code store_alone(km_pieces *p)
{
    for (size_t i = 0; i < p->n; i++) {
        km_fault told = { 0 };
        if (p->piece[i].known)
            continue;
        km_code rc = store(p, &p->piece[i], 1, &told);
        if (rc == KM_STORE)
            return rc;
        if (rc != KM_OK)
            km_report__refuse(p->im->report, p->path, p->piece[i].line, &told);
    }
    return KM_OK;
}

km_code km_pieces__flush(km_pieces *p)
{
    km_fault told = { 0 };
    km_own_call own;
    if (p->n == 0)
        return KM_OK;
    km_own_call_open(&own, p->im->node, "import", (size_t)1 << 26);
    km_code rc = look_up(p, &own.call);
    km_own_call_close(&own);
    if (rc == KM_OK)
        rc = store(p, p->piece, p->n, &told);
    if (rc != KM_OK && rc != KM_STORE && p->n == 1) {
        km_report__refuse(p->im->report, p->path, p->piece[0].line, &told);
        rc = KM_OK;
    } else if (rc != KM_OK && rc != KM_STORE)
        rc = store_alone(p);
    p->n = p->bytes = 0;
    km_arena_reset(p->arena);
    return rc;
}

km_code km_pieces__add(km_pieces *p, const km_piece *piece)
{
    char edition[16];
    held *h = &p->piece[p->n++];
    *h = (held){ .line = piece->line,
                 .json = km_arena_copy(p->arena, piece->json),
                 .source = piece->source.n > 0 ? piece->source : p->text };
    snprintf(edition, sizeof edition, "%d", EDITION);
    km_str key[] = { km_str_of(p->format), km_str_of(edition), h->source,
                     /* one source may make several pieces */
                     km_arena_print(p->arena, "%lld",
                                    (long long)(piece->source.n > 0 ? 0 : h->line)) };
    h->provenance = km_entry_id(p->arena, "Provenance", key, 4);
    p->bytes += piece->json.n;
    return p->n == HELD || p->bytes >= HELD_BYTES ? km_pieces__flush(p) : KM_OK;
}
