/* SPDX-License-Identifier: Apache-2.0
 *
 * grants: breaking the glass (trust.md §2.4): an emergency grant for one clinician and one person,
 * and what must happen with it.
 *
 * Promises
 * - A grant is made whole: with the notices to the person, to who stands for them and to their home
 *   doctor, and with its case of review, in one transaction; or nothing of it is made.
 * - It is given to a clinician or emergency staff (role) whose second factor is younger than 12
 *   hours, who acts for a registered emergency site, with a reason of data/trust/reasons.tsv and at
 *   least ten characters in words. It lives 24 hours from then and shows the emergency class.
 * - It shows the full record only after a second, different clinician has said so.
 * - A person who refused emergency access beforehand (a Consent that denies and names ETREAT) is
 *   heeded: a refusal of all makes no grant; the attempt is kept, the person is told, and so is the
 *   clinician. A refusal of parts makes a grant that says so; which parts, the decision over each
 *   record knows (trust/consent).
 * - Ending a site, a refusal, an expired life take away at once: a look-up sees what its snapshot
 *   sees. Nothing but a grant or an extension adds.
 * - Erasing a chart wipes what was said in words and the notices; that there was a grant stays.
 * - Who does it is taken from `who`, never from the request.
 *
 * A grant names a chart; it holds for the person who is that chart's at the time of asking.
 */
#ifndef KM_TRUST_GRANTS_H
#define KM_TRUST_GRANTS_H

#include "record/log.h"
#include "trust/consent/consent.h"
#include "trust/who/who.h"

enum { KM_GRANT_WORDS_LEAST = 10 }; /* characters, without spaces at the ends */
#define KM_GRANT_LIFE_MS ((km_ms)24 * 3600 * 1000)
#define KM_GRANT_FACTOR_MS ((km_ms)12 * 3600 * 1000)
#define KM_GRANT_REVIEW_MS ((km_ms)72 * 3600 * 1000)

typedef enum km_refusal_told {
    KM_REFUSED_NOTHING = 0,
    KM_REFUSED_PARTS, /* some records are not shown */
    KM_REFUSED_ALL    /* no grant */
} km_refusal_told;

/* --- for the access door ------------------------------------------------------------- */

/* Has this clinician a grant for the person of these charts, and how far does it reach? Asked
 * inside the snapshot that the records are read in. KM_GRANT_NONE for a `who` of NULL. Two indexed
 * look-ups; takes no memory. */
km_code km_trust_grant_of(km_grant *out, km_reader *r, const int64_t *chart, size_t n,
                          const km_who *who, km_ms now);

/* People who depend on medical technology may agree beforehand, at registration, that every
 * registered emergency site sees their emergency class: no glass is broken then, the purpose stays
 * TREAT. True when the person is registered so and `who` acts for such a site: it stands for the
 * relation (km_consent_request.related); what may be seen is asked of the consents as ever, with
 * the actor KM_ACTOR_EMERGENCY_SITE added to the names of who asks. */
#define KM_ACTOR_EMERGENCY_SITE "role:emergency-site"
km_code km_trust_standing_of(bool *out, km_reader *r, const int64_t *chart, size_t n,
                             const km_who *who, km_ms now);

/* What the person refused of emergency access, as the snapshot has it: the door decides over each
 * record (trust/consent); this tells the clinician. */
km_code km_trust_refusal_of(km_refusal_told *out, km_reader *r, const int64_t *chart, size_t n,
                            const km_who *who, km_ms now);

/* Does `who` act for a registered emergency site? */
km_code km_trust_at_site(bool *out, km_reader *r, const km_who *who);

/* --- grants -------------------------------------------------------------------------- */

typedef struct km_granted {
    int64_t number, chart;
    km_grant level; /* KM_GRANT_NONE: an attempt that met a refusal of all */
    km_refusal_told refused;
    km_str issuer, subject, name, role, organisation;
    km_str reason, words;
    km_ms at, until;
    km_str second_name, second_organisation, second_words; /* empty: not extended */
    km_ms second_at;
} km_granted;

typedef km_code km_grant_trace(void *self, const km_granted *g, km_fault *f);

typedef struct km_grant_wish {
    const int64_t *chart; /* all charts of the person; the first one is named by the grant */
    size_t charts;
    km_str reason; /* code of data/trust/reasons.tsv */
    km_str words;
    const km_str *home; /* the home doctor: references as in Patient.generalPractitioner */
    size_t homes;
    /* An open node asks nobody who they are: neither role, factor nor site is looked at. */
    bool open;
    /* Leaves the audit entry, durable, within the transaction: without it no grant. NULL: none. */
    km_grant_trace *trace;
    void *self;
} km_grant_wish;

/* KM_OK with out->level KM_GRANT_NONE: refused beforehand by the person, and told so. Faults:
 * KM_FORBIDDEN (role, site), KM_UNAUTHENTICATED (second factor too old), KM_CODE_UNKNOWN (reason),
 * KM_REQUIRED (words). */
km_code km_trust_grant_make(km_granted *out, km_log *l, const km_grant_wish *w, const km_who *who,
                            km_call *call);

/* Extends the grant to the full record; `who` must be another clinician than the grant's. What the
 * person refuses stays hidden. KM_NOT_FOUND, KM_GONE (its life has ended), KM_DUPLICATE (extended
 * already), KM_FORBIDDEN (the same clinician; not a clinician; refused). */
typedef struct km_grant_second {
    int64_t number;
    km_str words;
    bool open;
    km_grant_trace *trace;
    void *self;
} km_grant_second;
km_code km_trust_grant_extend(km_granted *out, km_log *l, const km_grant_second *s,
                              const km_who *who, km_call *call);

/* One grant; the newest `room` of a clinician; KM_NOT_FOUND. */
km_code km_trust_grant_read(km_granted *out, km_reader *r, int64_t number);
km_code km_trust_grants_by(km_granted *out, size_t *n, size_t room, km_reader *r,
                           const km_who *who);

/* --- reasons: data/trust/reasons.tsv ------------------------------------------------- */
typedef struct km_grant_reason {
    km_str code, ja, en;
} km_grant_reason;
enum { KM_GRANT_REASONS = 32 };
size_t km_trust_reasons(km_grant_reason out[KM_GRANT_REASONS]);

/* --- registered emergency sites ------------------------------------------------------ */
typedef struct km_site {
    km_str organisation, name; /* "Organization/2" */
    km_ms at, ended;           /* 0: stands */
} km_site;
/* Registers, renames or ends. `by` is who did it, for people. KM_NOT_FOUND for ending none. */
km_code km_trust_site_put(km_log *l, km_str organisation, km_str name, km_str by, km_call *call);
km_code km_trust_site_end(km_log *l, km_str organisation, km_str by, km_call *call);
km_code km_trust_sites(km_site **out, size_t *n, km_reader *r);

/* --- agreed at registration ---------------------------------------------------------- */
/* `consent` is the reference of the Consent in which they agree. */
km_code km_trust_standing_put(km_log *l, int64_t chart, km_str consent, km_str by, km_call *call);
km_code km_trust_standing_end(km_log *l, int64_t chart, km_str by, km_call *call);
/* A site has seen it: told to the person, once a day for each clinician. */
km_code km_trust_standing_seen(km_log *l, int64_t chart, const km_who *who, km_call *call);

/* --- notices ------------------------------------------------------------------------- */
typedef enum km_notice_to { KM_NOTICE_PERSON = 1, KM_NOTICE_PROXY, KM_NOTICE_HOME } km_notice_to;
typedef enum km_notice_kind {
    KM_NOTICE_GRANT = 1, /* the glass was broken */
    KM_NOTICE_EXTENDED,  /* to the full record */
    KM_NOTICE_REFUSED,   /* somebody tried, and the person's refusal was heeded */
    KM_NOTICE_STANDING,  /* seen as agreed at registration */
    KM_NOTICE_REVIEWED   /* the review has ended */
} km_notice_kind;
typedef struct km_notice {
    int64_t number, chart;
    km_notice_to to;
    km_notice_kind kind;
    km_granted grant; /* number 0: of no grant (standing) */
    km_str verdict;   /* of the review so far */
    km_ms at, read_at;
} km_notice;
const char *km_notice_to_code(km_notice_to t);     /* person, proxy, home-doctor */
const char *km_notice_kind_code(km_notice_kind k); /* grant, extended, ... */
/* The newest for a chart, of one addressee. */
km_code km_trust_notices(km_notice *out, size_t *n, size_t room, km_reader *r, int64_t chart,
                         km_notice_to to);
/* The newest for home doctors of these names ("Practitioner/1", "Organization/2"). */
km_code km_trust_notices_home(km_notice *out, size_t *n, size_t room, km_reader *r,
                              const km_str *name, size_t names);
km_code km_trust_notice_read(km_notice *out, km_reader *r, int64_t number);
/* Whether a notice to a home doctor is to one of these names. */
km_code km_trust_notice_is_for(bool *out, km_reader *r, int64_t number, const km_str *name,
                               size_t names);
/* Read for the first time now; a second time changes nothing. */
km_code km_trust_notice_mark(km_log *l, int64_t number, km_call *call);

/* --- review -------------------------------------------------------------------------- */
typedef struct km_review {
    km_granted grant;
    km_ms due;
    km_str verdict; /* "justified" or "unjustified"; empty: open */
    km_str words, by;
    km_ms at;
} km_review;
/* The longest waiting first, or with `done` the last judged first. */
km_code km_trust_reviews(km_review *out, size_t *n, size_t room, km_reader *r, bool done);
/* The judge is neither of the two clinicians. KM_NOT_FOUND, KM_DUPLICATE (judged), KM_FORBIDDEN,
 * KM_BAD_VALUE (verdict), KM_REQUIRED (words). */
km_code km_trust_review_judge(km_log *l, int64_t grant, km_str verdict, km_str words,
                              const km_who *who, km_call *call);
/* How many wait, and how many of them longer than 72 hours: the alarm. */
km_code km_trust_review_figures(int64_t *open, int64_t *overdue, km_conn *c, km_ms now,
                                km_fault *f);

/* Wipes what belongs to a chart that is erased; folds nothing else. */
extern const km_fold_def km_trust_grants_fold;

#endif
