/* SPDX-License-Identifier: Apache-2.0
 *
 * json: RFC 8259 text to a flat tape and back.
 *
 * Promises
 * - One pass, no recursion, no allocation but the tape (in the arena) and the
 *   unescaped copy of strings that hold escapes. The text must outlive the tape.
 * - Strict: UTF-8 only, no BOM, no comments, no trailing commas, no lone
 *   surrogates (neither raw nor escaped), no NUL in strings, no bytes after the value.
 * - Duplicate member names are refused. Depth, members, string length are limited.
 * - The text of numbers is kept as written: 1.00 stays 1.00.
 * - print(parse(x)) = x up to white space and the choice of escapes.
 * - A fault names line and column.
 */
#ifndef KM_CODEC_JSON_H
#define KM_CODEC_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

typedef enum km_json_kind {
    KM_JSON_NONE = 0, /* no such value */
    KM_JSON_NULL,
    KM_JSON_FALSE,
    KM_JSON_TRUE,
    KM_JSON_NUMBER,
    KM_JSON_STRING,
    KM_JSON_ARRAY,
    KM_JSON_OBJECT
} km_json_kind;

typedef struct km_json_node km_json_node; /* private to this folder and the inlines below */
struct km_json_node {
    const char *p; /* string: unescaped bytes; else where the text begins */
    uint32_t n;    /* array, object: number of members; else bytes at p */
    uint32_t next; /* index of the node after this value with all it holds */
    uint8_t kind;  /* km_json_kind */
    uint8_t marks; /* inside.h */
    uint16_t depth;
    uint32_t end; /* array, object: bytes of its text; escaped string: its place in the text */
};

/* The tape: node[0] is the root. An object's members are (string node, value)
 * pairs that follow it; an array's are values. */
typedef struct km_json {
    const km_json_node *node;
    uint32_t nodes;
    km_str text;
} km_json;

/* A value on a tape; {NULL, 0} is no value, every question to it is answered with none. */
typedef struct km_jv {
    const km_json *doc;
    uint32_t at;
} km_jv;
#define KM_JV_NONE ((km_jv){ NULL, 0 })

/* A field of 0 takes its default: leaving one out never opens it. */
typedef struct km_json_limits {
    uint32_t depth;   /* default 64, at most KM_JSON_DEPTH_MAX */
    uint32_t members; /* in one object or array; default 10,000 for objects, 1,000,000 for arrays */
    uint32_t array_members;
    uint32_t string_bytes; /* default 1 MiB; Attachment.data and Binary.data need more */
} km_json_limits;
#define KM_JSON_DEPTH_MAX 1024
extern const km_json_limits km_json_limits_default;

/* limits may be NULL. KM_MALFORMED, KM_TOO_LONG, KM_TOO_COSTLY (arena). *out lives in the arena. */
km_code km_json_parse(km_json **out, km_arena *a, km_str text, const km_json_limits *limits,
                      km_fault *f);

static inline km_jv km_json_root(const km_json *d)
{
    return (km_jv){ d, 0 };
}

static inline km_json_kind km_jv_kind(km_jv v)
{
    return v.doc ? (km_json_kind)v.doc->node[v.at].kind : KM_JSON_NONE;
}

static inline bool km_jv_is(km_jv v, km_json_kind k)
{
    return km_jv_kind(v) == k;
}

/* String: its unescaped bytes; number: its text; otherwise KM_STR_NONE. */
km_str km_jv_str(km_jv v);
/* The source text of the value, as it was written. */
km_str km_jv_raw(km_jv v);
/* Members of an array or object, else 0. */
uint32_t km_jv_count(km_jv v);

/* The member called `name`, or none. Linear: objects are small. */
km_jv km_jv_get(km_jv object, km_str name);
#define KM_JV_GET(v, lit) km_jv_get((v), KM_STR(lit))
/* A path of names: km_jv_at(v, "subject.reference"); stops at arrays (none). */
km_jv km_jv_at(km_jv v, const char *path);
km_str km_jv_text(km_jv v, const char *path); /* km_jv_str(km_jv_at(v, path)) */
km_jv km_jv_item(km_jv array, uint32_t index);

/* for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) i.name (objects), i.value. */
typedef struct km_jv_iter {
    const km_json *doc;
    uint32_t at, end;
    bool object;
    km_str name;
    km_jv value;
} km_jv_iter;
km_jv_iter km_jv_each(km_jv container);
bool km_jv_next(km_jv_iter *i);

/* 1-based line and column where the value stands in its text. */
void km_jv_place(km_jv v, uint32_t *line, uint32_t *column);

/* Puts another text in the place of a string value (or name) on the tape; printing shows it,
 * km_jv_raw and km_jv_place go on telling of the old. `s` must live as long as the tape. For
 * rewriting references; the tape must be the caller's alone. */
void km_jv_replace(km_jv v, km_str s);

/* Prints compactly: no white space between tokens, strings re-escaped minimally. */
void km_jv_print(km_buf *out, km_jv v);
/* Appends `s` as a JSON string with its quotes. Invalid UTF-8 is asserted away by callers. */
void km_json_string(km_buf *out, km_str s);

/* A writer for replies: commas and colons come by themselves.
 *     km_jw_open(w, '{'); km_jw_key(w, "total"); km_jw_int(w, 3); km_jw_close(w, '}'); */
typedef struct km_jw {
    km_buf *out;
    bool comma;
} km_jw;
static inline km_jw km_jw_on(km_buf *b)
{
    return (km_jw){ b, false };
}
void km_jw_open(km_jw *w, char bracket);
void km_jw_close(km_jw *w, char bracket);
void km_jw_key(km_jw *w, const char *name);
void km_jw_key_str(km_jw *w, km_str name);
void km_jw_str(km_jw *w, km_str s);
void km_jw_z(km_jw *w, const char *z);
void km_jw_int(km_jw *w, int64_t n);
void km_jw_bool(km_jw *w, bool b);
void km_jw_null(km_jw *w);
void km_jw_raw(km_jw *w, km_str json); /* a value already in JSON */
void km_jw_value(km_jw *w, km_jv v);
/* key and value at once */
void km_jw_member(km_jw *w, const char *name, km_str s);
void km_jw_member_z(km_jw *w, const char *name, const char *z);
void km_jw_member_int(km_jw *w, const char *name, int64_t n);
void km_jw_member_bool(km_jw *w, const char *name, bool b);

#endif
