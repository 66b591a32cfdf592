/* SPDX-License-Identifier: Apache-2.0
 *
 * platform: what a gateway, a service, a job and a command are, and the node they run on.
 *
 * A gateway or service is one constant of this kind, listed in app/main.c; everything it offers is
 * in its tables. Adding one is its folder and one line.
 */
#ifndef KM_PLATFORM_PLATFORM_H
#define KM_PLATFORM_PLATFORM_H

#include <pthread.h>
#include <stdio.h>

#include "codec/json/json.h"
#include "http/http.h"
#include "record/log.h"
#include "trust/audit/find.h"
#include "trust/cases/cases.h"
#include "trust/audit/outside.h"
#include "trust/consents.h"
#include "trust/grants.h"
#include "trust/identity/persons.h"
#include "trust/keys/keys.h"
#include "trust/marks.h"
#include "trust/trust.h"
#include "trust/who/prove.h"
#include "trust/who/card.h"
#include "trust/who/provider.h"
#include "view/index/index.h"
#include "view/person/person.h"

typedef struct km_node km_node;

typedef struct km_config {
    const char *data_dir; /* --data DIR */
    const char *store;    /* --store postgres://...; NULL = SQLite in data_dir */
    const char *listen;   /* --listen */
    const char *tls_cert, *tls_key;
    const char *web_dir; /* pages; NULL = beside the program or the installed place */
    bool open;           /* --open */
    bool names_withheld; /* --names=withheld: citizens are not told the names of who looked */
    const char *address; /* --address; NULL = what it listens on */
    bool demo;           /* --demo: makes the data directory a demonstration (trust/who/demo.h) */
    const char *tsa_url, *tsa_ca; /* --tsa, --tsa-ca */
    const char *witness[2];       /* --witness, --witness-2 */
    bool references_checked;      /* --references=check (default) | report */
    bool json;                    /* --json */
    bool quiet;
    struct km_jobs *jobs; /* workers that read files from outside (sandbox/job.h); NULL = none */
} km_config;

/* One argument list of a command: what was left after the common options. */
typedef struct km_args {
    const km_config *config;
    const char *const *word; /* positional */
    size_t words;
    /* --name=value or --name value, as the command's option table allows; NULL when absent */
    const char *(*option)(const struct km_args *a, const char *name);
    const void *self;
    const struct km_service *const *services; /* all of the program, NULL-ended */
} km_args;

/* Exit codes of every verb. */
enum { KM_EXIT_DONE = 0, KM_EXIT_REFUSED = 1, KM_EXIT_USAGE = 2, KM_EXIT_STORE = 3 };

typedef struct km_option {
    const char *name;  /* "source" */
    const char *value; /* "URI"; NULL: a switch */
    const char *about, *about_ja;
} km_option;

typedef struct km_command {
    const char *verb;      /* "import" */
    const char *arguments; /* "PATH..." */
    const char *about, *about_ja;
    const char *examples;     /* lines */
    const km_option *options; /* ended by {0} */
    unsigned flags;
    int (*run)(const km_args *a, km_node *n); /* n is NULL for KM_NO_NODE commands */
} km_command;
enum {
    KM_NO_NODE = 1, /* needs no data directory */
    KM_PARSES = 2   /* reads files of formats.h: has workers in its config */
};

typedef struct km_service {
    const char *name;
    const km_http_route *routes;            /* ended by {0}; NULL = none */
    const km_command *commands;             /* ended by {0}; NULL = none */
    const km_fold_def *const *folds;        /* in-transaction folds; NULL-ended; NULL = none */
    const km_embedded *sql;                 /* NULL = none */
    const struct km_format *const *formats; /* formats.h; NULL-ended; NULL = none */
    void (*metrics)(struct km_node *n, km_buf *out); /* Prometheus text of its own; NULL = none */
} km_service;

struct km_node {
    const km_config *config;
    km_store *store;
    km_log *log;
    km_keys *keys;                /* of operator A; DIR/keys/ring */
    km_audit *audit;              /* DIR/audit */
    km_audit_finder *finder;      /* over the audit, while serving */
    km_whos *whos;                /* who asks: tokens, sessions, apps */
    struct km_feed *feed;         /* of the audit, while serving */
    struct km_watching *watching; /* those outside who stamp and countersign it, likewise */
    km_trust *trust;
    km_keys *keys_b;     /* of operator B, once the register of persons is open */
    km_persons *persons; /* ask km_node_persons */
    pthread_mutex_t persons_lock;
    km_providers *providers;           /* who vouches for people; what is known of them */
    km_cards *cards;                   /* whose cards are taken; DIR/certificates */
    km_http *http;                     /* while serving */
    const km_service *const *services; /* gateways too; NULL-ended */
    const km_clock *clock;
    const km_random *random;
    int32_t local_source; /* who writes over HTTP, until trust tells sources apart */
};

/* Opens store, log, trust with the views' folds and those of the services. Makes the data
 * directory and the key file when new. */
km_code km_node_open(km_node **out, const km_config *c, const km_service *const *services,
                     km_fault *f);
void km_node_close(km_node *n);

/* The node behind a request. */
static inline km_node *km_request_node(const km_request *r)
{
    return (km_node *)r->app;
}

/* What a node that serves does behind its answers: the index of its audit, writes told to it, and
 * those outside who stamp and countersign it. */
km_code km_node_watch(km_node *n, km_fault *f);

/* The register of persons, opened at the first call; any thread may ask. */
km_code km_node_persons(km_persons **out, km_node *n, km_fault *f);

/* A call of the node's own (jobs, commands): arena of `cap` bytes, its own fault. */
typedef struct km_own_call {
    km_call call;
    km_fault fault;
    km_caller caller;
} km_own_call;
void km_own_call_open(km_own_call *out, km_node *n, const char *job, size_t cap);
void km_own_call_close(km_own_call *c);

/* The only writer of OperationOutcomes. */
void km_outcome_print(km_buf *out, const km_fault *f);
/* Several issues: warnings beside an answer (ignored parameters, missing references). */
typedef struct km_issue {
    const char *severity; /* fatal error warning information */
    km_code code;
    km_str path, detail;
} km_issue;
void km_outcome_issues(km_buf *out, const km_issue *i, size_t n);
/* km_http_options.refuse */
void km_refuse(km_request *r, const km_fault *f, km_reply *out);
/* km_http_options.admit: asks trust with the route's policy and what the request brings. */
km_code km_admit(km_request *r);

/* Progress of a long command: a bar on a terminal, lines otherwise, nothing with quiet. */
typedef struct km_bar {
    const char *title;
    bool live, quiet;
    uint64_t started_ns, last_ns;
} km_bar;
km_bar km_bar_start(const km_config *c, const char *title);
void km_bar_show(km_bar *b, int64_t done, int64_t all, const char *unit);
void km_bar_end(km_bar *b);

/* True once SIGINT or SIGTERM came: long work stops at the next step and can go on later. */
bool km_stop_asked(void);
void km_stop_listen(void); /* installs the handlers; once, by main */

/* Metrics of the whole node in Prometheus text. */
void km_node_metrics(km_node *n, km_buf *out);

#endif
