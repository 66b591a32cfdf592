/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_run: all ways through the program at once, one character after the other. A place in
 * the program is entered once per character, so time is at most size of the program times
 * length of the text. Of two ways to one place the one that began first, or was preferred, wins.
 */
#include "codec/fhirpath/regex_inside.h"

#include <utf8proc.h>

#define SLOTS (KM_REGEX_GROUPS * 2)

typedef struct thread {
    uint32_t pc;
    size_t slot[SLOTS];
} thread;

typedef struct threads {
    thread *t;
    uint32_t n;
    uint32_t *seen; /* by pc: the round in which it was entered */
} threads;

/* What is still to be entered, or a slot to be put back. */
typedef struct todo {
    int64_t pc; /* negative: restore */
    uint32_t slot;
    size_t old;
} todo;

typedef struct machine {
    const km_regex *x;
    km_str text;
    todo *stack;
    uint32_t round;
} machine;

uint32_t km_regex__next(km_str s, size_t *at)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s.p + *at,
                                          (utf8proc_ssize_t)(s.n - *at), &c);
    if (n < 1) {
        c = (unsigned char)s.p[*at];
        n = 1;
    }
    *at += (size_t)n;
    return (uint32_t)c;
}

static bool is_word(km_str s, size_t at)
{
    if (at >= s.n)
        return false;
    char c = s.p[at];
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool holds(const machine *m, const km_regex_code *code, size_t at)
{
    if (code->op == KM_RX_BEGIN)
        return at == 0;
    if (code->op == KM_RX_END)
        return at == m->text.n;
    bool edge = is_word(m->text, at) != (at > 0 && is_word(m->text, at - 1));
    return edge != (code->x != 0);
}

/* Enters pc and all that follows it without taking a character. */
static void enter(machine *m, threads *list, uint32_t start, size_t at, size_t *slot)
{
    uint32_t n = 0;
    m->stack[n++] = (todo){ start, 0, 0 };
    while (n > 0) {
        todo one = m->stack[--n];
        if (one.pc < 0) {
            slot[one.slot] = one.old;
            continue;
        }
        uint32_t pc = (uint32_t)one.pc;
        if (list->seen[pc] == m->round)
            continue;
        list->seen[pc] = m->round;
        const km_regex_code *code = &m->x->code[pc];
        switch (code->op) {
        case KM_RX_JUMP:
            m->stack[n++] = (todo){ one.pc + code->x, 0, 0 };
            break;
        case KM_RX_SPLIT:
            m->stack[n++] = (todo){ one.pc + code->y, 0, 0 };
            m->stack[n++] = (todo){ one.pc + code->x, 0, 0 };
            break;
        case KM_RX_SAVE:
            m->stack[n++] = (todo){ -1, (uint32_t)code->x, slot[code->x] };
            slot[code->x] = at;
            m->stack[n++] = (todo){ one.pc + 1, 0, 0 };
            break;
        case KM_RX_BEGIN:
        case KM_RX_END:
        case KM_RX_WORD:
            if (holds(m, code, at))
                m->stack[n++] = (todo){ one.pc + 1, 0, 0 };
            break;
        default:
            list->t[list->n].pc = pc;
            memcpy(list->t[list->n++].slot, slot, sizeof list->t->slot);
        }
    }
}

static bool takes(const km_regex_code *code, uint32_t c)
{
    if (code->op == KM_RX_CHAR)
        return (uint32_t)code->x == c;
    if (code->op == KM_RX_ANY)
        return true;
    bool in = false;
    for (uint32_t i = 0; !in && i < code->set->n; i++)
        in = c >= code->set->range[i].low && c <= code->set->range[i].high;
    return in != code->set->except;
}

/* One character for all threads; a match ends those after it. */
static bool step(machine *m, threads *now, threads *next, size_t at, bool whole, thread *best)
{
    size_t after = at;
    uint32_t c = at < m->text.n ? km_regex__next(m->text, &after) : 0;
    bool matched = false;
    next->n = 0;
    m->round++;
    for (uint32_t i = 0; i < now->n; i++) {
        const km_regex_code *code = &m->x->code[now->t[i].pc];
        if (code->op == KM_RX_MATCH) {
            if (whole && at < m->text.n)
                continue;
            *best = now->t[i];
            matched = true;
            break;
        }
        if (at < m->text.n && takes(code, c))
            enter(m, next, now->t[i].pc + 1, after, now->t[i].slot);
    }
    return matched;
}

static threads list_new(km_arena *a, uint32_t n)
{
    return (threads){ km_arena_alloc(a, n * sizeof(thread)), 0, KM_NEW_ARRAY(a, n, uint32_t) };
}

static void fill(km_regex_hit *out, const thread *best)
{
    for (size_t i = 0; i < KM_REGEX_GROUPS; i++) {
        out->from[i] = best->slot[i * 2];
        out->to[i] = best->slot[i * 2 + 1];
    }
}

bool km_regex__find(km_regex_hit *out, const km_regex *x, km_arena *a, km_str text, size_t from,
                    bool whole)
{
    km_arena_mark mark = km_arena_here(a);
    machine m = { x, text, KM_NEW_ARRAY(a, x->n * (size_t)3 + 2, todo), 1 };
    threads now = list_new(a, x->n), next = list_new(a, x->n);
    thread best = { 0 };
    bool found = false;
    for (size_t at = from;;) {
        /* A later start ranks behind all that are under way. */
        if (!found && (!whole || at == from)) {
            size_t slot[SLOTS];
            memset(slot, 0xff, sizeof slot);
            enter(&m, &now, 0, at, slot);
        }
        if (now.n == 0 && (found || whole))
            break;
        found |= step(&m, &now, &next, at, whole, &best);
        threads t = now;
        now = next;
        next = t;
        if (at >= text.n)
            break;
        km_regex__next(text, &at);
    }
    if (found)
        fill(out, &best);
    km_arena_back(a, mark);
    return found;
}
