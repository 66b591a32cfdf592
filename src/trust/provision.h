/* SPDX-License-Identifier: Apache-2.0
 *
 * provision: what was given to others, and what was received from others (trust.md §2.7).
 *
 * The Act on the Protection of Personal Information (Act 57 of 2003) wants a record of each
 * provision to a third party (art. 29) and of each receipt with how the giver had come by the data
 * (art. 30), and a consent of its own for a third party abroad (art. 28). An opt-out scheme (Act 28
 * of 2017, on anonymised medical data) is announced before its first transfer.
 *
 * Promises
 * - A record of provision is written in the transaction of what it is about where there is one; it
 *   is never changed, only completed by whose data it was, and stands until its time is over.
 * - A recipient abroad gets no record of a person whose Consent does not name that recipient and
 *   the purpose ABROAD (urn:kumihimo:purpose): stricter than art. 28, whose exceptions (law, danger
 *   to life ...) are not taken. Only the person themself is no third party.
 * - Nothing is transferred under an opt-out scheme that is not announced, or before its first day;
 *   and no record of who opted out.
 * - Whether a person lives is not asked anywhere here: the dead are protected like the living.
 * - It holds numbers of charts, never a name or an identifier of a person.
 */
#ifndef KM_TRUST_PROVISION_H
#define KM_TRUST_PROVISION_H

#include "record/log.h"

typedef enum km_provision_way { KM_PROVIDED = 1, KM_RECEIVED } km_provision_way;

/* The record is kept for five years: longer than the three of the act's enforcement rules, as long
 * as the chart it is about. */
#define KM_PROVISION_KEPT_MS ((km_ms)5 * 366 * 24 * 3600 * 1000)

typedef struct km_provision {
    km_provision_way way;
    km_str channel;    /* "export", "import", "app", "peer" */
    km_str party;      /* who receives or gives, as Consents name actors: "Organization/2", a URI */
    km_str party_name; /* for people */
    km_str country;    /* ISO 3166-1, two letters; empty: JP */
    km_str basis;      /* code of data/trust/provision_bases.tsv */
    km_str scheme;     /* basis opt-out: which */
    km_str purpose;    /* HL7 v3 PurposeOfUse */
    km_str items;      /* which items, in words: "Patient 3, Observation 120" */
    km_str obtained;   /* receipt: how the giver had come by them */
    km_str consent;    /* what the person agreed to, where it is one thing for all: "Consent/1" or
                        * the authorisation of an app */
    km_str by;         /* who did it, for people */
} km_provision;

/* --- may it be given? ----------------------------------------------------------------- */

/* What a transfer must ask of each record. Opening it looks at what holds for all: KM_BAD_VALUE
 * (country, basis, party), KM_FORBIDDEN (the scheme is not announced or has not begun). */
typedef struct km_provision_gate km_provision_gate;
/* All charts of the person that `chart` is one of: what they said in any of them counts for all. */
typedef km_code km_same_person(int64_t **charts, size_t *n, km_reader *r, int64_t chart);
/* `same` may be NULL: every chart is a person of its own. */
km_code km_provision_gate_open(km_provision_gate **out, km_log *l, const km_provision *p,
                               km_same_person *same, km_call *call);
/* Whether this record may go. Consents are read on the reader's snapshot, once for each run of
 * records of one chart. Records of nobody (chart 0) may always go. */
km_code km_provision_gate_lets(bool *out, km_provision_gate *g, km_reader *r, km_record *rec);
/* Forgets whose consents it read: before the arena of the reader's call goes. */
void km_provision_gate_forget(km_provision_gate *g);
/* Are there questions at all? When not, gate_lets need not be asked. */
bool km_provision_gate_asks(const km_provision_gate *g);

/* --- recording ------------------------------------------------------------------------- */

typedef struct km_provision_share { /* whose data */
    int64_t chart, records;
} km_provision_share;

/* Within a transaction (km_log_work), or in one of its own. `gate` is the one its records passed;
 * NULL is refused (KM_FORBIDDEN) for a recipient abroad unless p->consent names what the person
 * agreed to, and for an opt-out scheme. */
km_code km_provision_record(int64_t *number, km_txn *t, const km_provision *p,
                            const km_provision_gate *gate, const km_provision_share *share,
                            size_t shares, km_ms now, km_fault *f);
km_code km_provision_write(int64_t *number, km_log *l, const km_provision *p,
                           const km_provision_gate *gate, const km_provision_share *share,
                           size_t shares, km_call *call);
/* Adds whose data it was, and in the end what it was; adding again to a chart adds the counts.
 * `items` empty leaves them. */
km_code km_provision_complete(km_log *l, int64_t number, const km_provision_share *share,
                              size_t shares, km_str items, km_call *call);
/* Deletes what has been kept long enough; returns how many. */
km_code km_provision_purge(int64_t *gone, km_log *l, km_call *call);

/* --- reading --------------------------------------------------------------------------- */

typedef struct km_provision_seen {
    int64_t number, records, charts; /* records: of the asked charts; charts: of all */
    km_provision p;
    km_ms at, kept_until;
} km_provision_seen;
/* The newest before number `before` (0: all) that concern one of these charts. */
km_code km_provisions_of(km_provision_seen *out, size_t *n, size_t room, km_reader *r,
                         const int64_t *chart, size_t charts, int64_t before);
/* The newest of all. */
km_code km_provisions_all(km_provision_seen *out, size_t *n, size_t room, km_reader *r,
                          int64_t before);

/* --- opt-out schemes ------------------------------------------------------------------- */

typedef struct km_scheme {
    km_str id, title, notice;       /* the text that was announced */
    km_str entry;                   /* its entry in the supervisor's register */
    km_str party, purpose;          /* for whom, HL7 v3 PurposeOfUse */
    km_ms announced, starts, ended; /* starts 0: as soon as it is announced */
} km_scheme;
/* Announces; an announced text is never changed. KM_DUPLICATE, KM_REQUIRED, KM_BAD_VALUE (it
 * starts before it is announced). */
km_code km_scheme_announce(km_log *l, const km_scheme *s, km_str by, km_call *call);
km_code km_scheme_end(km_log *l, km_str id, km_str by, km_call *call);
km_code km_schemes(km_scheme *out, size_t *n, size_t room, km_reader *r);

/* --- bases: data/trust/provision_bases.tsv ---------------------------------------------- */
typedef struct km_provision_basis {
    km_str code, ja, en;
    bool third_party; /* whether who receives is one */
} km_provision_basis;
enum { KM_PROVISION_BASES = 32 };
size_t km_provision_bases(km_provision_basis out[KM_PROVISION_BASES]);

#endif
