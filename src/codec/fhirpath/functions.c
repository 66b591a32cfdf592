/* SPDX-License-Identifier: Apache-2.0
 *
 * functions: the table of functions (FHIRPath 2.0, 5 and 6; FHIR R4 2.9.1.5). What is not a
 * row is refused when compiling.
 */
#include "codec/fhirpath/functions.h"

#define VALUES KM_ARGS_VALUES
#define EACH KM_ARGS_EACH
#define LOOSE KM_ARGS_LOOSE
#define TYPE KM_ARGS_TYPE
#define NEW KM_RESULT_NEW
#define SAME KM_RESULT_SAME
#define ARG KM_RESULT_ARG
#define SPEC KM_RESULT_SPEC
#define BOOL KM_TAKES_BOOL
#define INT KM_TAKES_INT
#define NUMBER KM_TAKES_NUMBER
#define STRING KM_TAKES_STRING
#define NUMERIC (KM_TAKES_NUMBER | KM_TAKES_QUANTITY)
#define ANY KM_TAKES_ANY
/* A row on a collection, a row on one value, and a question whether a conversion would do. */
#define ALL(name, min, max, args, result, fn)                              \
    {                                                                      \
        name, min, max, args, result, km_path__##fn, NULL, 0, { 0 }, false \
    }
#define ONE(name, min, max, takes, a, b, fn)                                     \
    {                                                                            \
        name, min, max, VALUES, NEW, NULL, km_path__##fn, takes, { a, b }, false \
    }
#define ASK(name, fn)                                                  \
    {                                                                  \
        name, 0, 0, VALUES, NEW, NULL, km_path__##fn, ANY, { 0 }, true \
    }

static const km_path_fn functions[] = {
    /* existence */
    ALL("empty", 0, 0, VALUES, NEW, empty),
    ALL("exists", 0, 1, EACH, NEW, exists),
    ALL("all", 1, 1, EACH, NEW, every),
    ALL("not", 0, 0, VALUES, NEW, not_),
    ALL("allTrue", 0, 0, VALUES, NEW, truths),
    ALL("anyTrue", 0, 0, VALUES, NEW, truths),
    ALL("allFalse", 0, 0, VALUES, NEW, truths),
    ALL("anyFalse", 0, 0, VALUES, NEW, truths),
    ALL("subsetOf", 1, 1, VALUES, NEW, subset_of),
    ALL("supersetOf", 1, 1, VALUES, NEW, superset_of),
    ALL("count", 0, 0, VALUES, NEW, count),
    ALL("distinct", 0, 0, VALUES, SAME, distinct),
    ALL("isDistinct", 0, 0, VALUES, NEW, is_distinct),
    /* filtering and projection */
    ALL("where", 1, 1, EACH, SAME, where),
    ALL("select", 1, 1, EACH, ARG, select),
    ALL("repeat", 1, 1, LOOSE, NEW, repeat),
    ALL("ofType", 1, 1, TYPE, SPEC, as_type),
    ALL("aggregate", 1, 2, LOOSE, NEW, aggregate),
    ALL("iif", 2, 3, EACH, NEW, iif),
    ALL("sort", 0, KM_PATH_ARGS, EACH, SAME, sort),
    ALL("trace", 1, 2, EACH, SAME, trace),
    /* subsetting and combining */
    ALL("single", 0, 0, VALUES, SAME, single_item),
    ALL("first", 0, 0, VALUES, SAME, first),
    ALL("last", 0, 0, VALUES, SAME, last),
    ALL("tail", 0, 0, VALUES, SAME, tail),
    ALL("skip", 1, 1, VALUES, SAME, skip),
    ALL("take", 1, 1, VALUES, SAME, take),
    ALL("intersect", 1, 1, VALUES, SAME, intersect),
    ALL("exclude", 1, 1, VALUES, SAME, exclude),
    ALL("union", 1, 1, VALUES, NEW, union_),
    ALL("combine", 1, 1, VALUES, NEW, combine),
    /* types, navigation and FHIR's own */
    ALL("is", 1, 1, TYPE, NEW, is_type),
    ALL("as", 1, 1, TYPE, SPEC, as_type),
    ALL("type", 0, 0, VALUES, NEW, type_info),
    ALL("children", 0, 0, VALUES, NEW, all_children),
    ALL("descendants", 0, 0, VALUES, NEW, descendants),
    ALL("extension", 1, 1, VALUES, NEW, extension),
    ALL("hasValue", 0, 0, VALUES, NEW, has_value),
    ALL("getValue", 0, 0, VALUES, NEW, get_value),
    ALL("resolve", 0, 0, VALUES, NEW, resolve),
    ALL("now", 0, 0, VALUES, NEW, now),
    ALL("today", 0, 0, VALUES, NEW, today),
    ALL("timeOfDay", 0, 0, VALUES, NEW, time_of_day),
    /* conversion */
    ONE("toBoolean", 0, 0, ANY, 0, 0, to_boolean),
    ONE("toInteger", 0, 0, ANY, 0, 0, to_integer),
    ONE("toDecimal", 0, 0, ANY, 0, 0, to_decimal),
    ONE("toDate", 0, 0, ANY, 0, 0, to_date),
    ONE("toDateTime", 0, 0, ANY, 0, 0, to_date_time),
    ONE("toTime", 0, 0, ANY, 0, 0, to_time),
    ONE("toQuantity", 0, 0, ANY, 0, 0, to_quantity),
    ONE("toString", 0, 0, ANY, 0, 0, to_string),
    ASK("convertsToBoolean", to_boolean),
    ASK("convertsToInteger", to_integer),
    ASK("convertsToDecimal", to_decimal),
    ASK("convertsToDate", to_date),
    ASK("convertsToDateTime", to_date_time),
    ASK("convertsToTime", to_time),
    ASK("convertsToQuantity", to_quantity),
    ASK("convertsToString", to_string),
    /* strings */
    ONE("indexOf", 1, 1, STRING, STRING, 0, index_of),
    ONE("lastIndexOf", 1, 1, STRING, STRING, 0, last_index_of),
    ONE("substring", 1, 2, STRING, INT, INT, substring),
    ONE("startsWith", 1, 1, STRING, STRING, 0, starts_with),
    ONE("endsWith", 1, 1, STRING, STRING, 0, ends_with),
    ONE("contains", 1, 1, STRING, STRING, 0, contains),
    ONE("upper", 0, 0, STRING, 0, 0, upper),
    ONE("lower", 0, 0, STRING, 0, 0, lower),
    ONE("replace", 2, 2, STRING, STRING, STRING, replace),
    ONE("matches", 1, 1, STRING, STRING, 0, matches),
    ONE("matchesFull", 1, 1, STRING, STRING, 0, matches_full),
    ONE("replaceMatches", 2, 2, STRING, STRING, STRING, replace_matches),
    ONE("length", 0, 0, STRING, 0, 0, length),
    ONE("toChars", 0, 0, STRING, 0, 0, to_chars),
    ONE("trim", 0, 0, STRING, 0, 0, trim),
    ONE("split", 1, 1, STRING, STRING, 0, split),
    ALL("join", 0, 1, VALUES, NEW, join),
    ONE("encode", 1, 1, STRING, STRING, 0, encode),
    ONE("decode", 1, 1, STRING, STRING, 0, decode),
    ONE("escape", 1, 1, STRING, STRING, 0, escape),
    ONE("unescape", 1, 1, STRING, STRING, 0, unescape),
    /* mathematics */
    ONE("abs", 0, 0, NUMERIC, 0, 0, abs),
    ONE("ceiling", 0, 0, NUMBER, 0, 0, whole),
    ONE("floor", 0, 0, NUMBER, 0, 0, whole),
    ONE("truncate", 0, 0, NUMBER, 0, 0, whole),
    ONE("round", 0, 1, NUMBER, INT, 0, round),
    ONE("exp", 0, 0, NUMBER, 0, 0, real),
    ONE("ln", 0, 0, NUMBER, 0, 0, real),
    ONE("sqrt", 0, 0, NUMBER, 0, 0, real),
    ONE("log", 1, 1, NUMBER, NUMBER, 0, log),
    ONE("power", 1, 1, NUMBER, NUMBER, 0, power),
};

const km_path_fn *km_path__fn(km_str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (km_str_is(name, functions[i].name))
            return &functions[i];
    return NULL;
}
