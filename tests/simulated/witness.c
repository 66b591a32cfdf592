/* SPDX-License-Identifier: Apache-2.0
 *
 * witness: a SIMULATED witness of another operator. It is a program of its own, keeps only the size
 * and root that it last saw, and speaks the body of C2SP tlog-witness's add-checkpoint:
 *
 *     simulated_witness STATE NAME SEED LOG-KEY < ask > signature line
 *     simulated_witness STATE NAME SEED LOG-KEY ADDRESS:PORT
 *
 * The second form serves it over HTTP: POST /add-checkpoint; 409 with the size that it saw last.
 * Exit 0: countersigned. 1: refused; standard output then holds the size that it saw last (what a
 * witness answers with 409). Its key comes from SEED, a number: that is what is simulated, not the
 * rule (km_audit_witness). With LOG-KEY "-" it prints its own verifier key.
 */
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/http.h"
#include "trust/audit/tree.h"

enum { ASK_MAX = 1 << 16 };

static km_code sign(void *self, unsigned char out[64], km_str text, km_fault *f)
{
    size_t n = 64;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = EVP_DigestSignInit(c, NULL, NULL, NULL, self) == 1
                && EVP_DigestSign(c, out, &n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    return good ? KM_OK : km_fail(f, KM_INTERNAL, NULL, NULL);
}

static void read_state(km_audit_seen *seen, const char *path)
{
    char root[65];
    long long size;
    FILE *in = fopen(path, "r");
    *seen = (km_audit_seen){ 0 };
    if (in != NULL && fscanf(in, "%lld %64s", &size, root) == 2
        && km_unhex(seen->root.h, KM_AUDIT_HASH, km_str_of(root)))
        seen->size = size;
    if (in != NULL)
        fclose(in);
}

/* Durable before the signature leaves: a witness that forgets would sign two stories. */
static bool write_state(const km_audit_seen *seen, const char *path, km_arena *a)
{
    const char *beside = km_arena_z(a, km_arena_print(a, "%s.new", path));
    FILE *out = fopen(beside, "w");
    if (out == NULL)
        return false;
    fprintf(out, "%lld %.*s\n", (long long)seen->size,
            KM_STR_ARG(km_hex(a, seen->root.h, KM_AUDIT_HASH)));
    bool good = fflush(out) == 0 && fsync(fileno(out)) == 0;
    return fclose(out) == 0 && good && rename(beside, path) == 0;
}

static struct {
    const char *state;
    km_audit_key log;
    km_audit_signer own;
    pthread_mutex_t lock;
} me = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The signature line, or the size seen last. */
static km_code answer(km_buf *out, km_str ask, km_arena *a, km_fault *fault)
{
    km_audit_seen seen;
    km_audit_path growth;
    int64_t old;
    km_str note;
    read_state(&seen, me.state);
    km_code rc = km_audit_ask_parse(&old, &growth, &note, ask, fault);
    if (rc == KM_OK && old != seen.size)
        rc = km_fail(fault, KM_CONFLICT, "old", "another size was seen last");
    if (rc == KM_OK)
        rc = km_audit_witness(out, &seen, note, &growth, &me.log, &me.own, fault);
    if (rc == KM_OK && !write_state(&seen, me.state, a))
        rc = km_fail(fault, KM_STORE, "state", "it cannot be kept");
    if (rc != KM_OK) {
        out->n = 0;
        km_buf_print(out, "%lld\n", (long long)seen.size);
    }
    return rc;
}

static int answer_once(km_arena *a)
{
    char *text = km_arena_alloc(a, ASK_MAX);
    km_buf out = km_buf_in(a);
    km_fault fault = { 0 };
    km_code rc = answer(&out, (km_str){ text, fread(text, 1, ASK_MAX, stdin) }, a, &fault);
    if (rc != KM_OK)
        fprintf(stderr, "simulated witness: %s: %s\n", km_code_name(rc), fault.detail);
    fwrite(out.p, 1, out.n, stdout);
    return rc == KM_OK ? 0 : 1;
}

/* --- over HTTP ------------------------------------------------------------------------------ */

/* C2SP tlog-witness: 409 with the size, 403 for another's signature, 422 for a bad proof. */
static km_code add_checkpoint(km_request *r, km_reply *out)
{
    km_buf text = km_buf_in(r->call.arena);
    km_fault fault = { 0 };
    pthread_mutex_lock(&me.lock);
    km_code rc = answer(&text, r->body, r->call.arena, &fault);
    pthread_mutex_unlock(&me.lock);
    out->status = rc == KM_OK          ? 200
                  : rc == KM_CONFLICT  ? 409
                  : rc == KM_FORBIDDEN ? 403
                  : rc == KM_TAMPERED  ? 422
                                       : 400;
    out->type = rc == KM_OK ? "text/plain" : "text/x.tlog.size";
    out->body = km_buf_str(&text);
    return KM_OK;
}

static km_code everybody(km_request *r)
{
    (void)r;
    return KM_OK;
}

static void refuse(km_request *r, const km_fault *f, km_reply *out)
{
    (void)r;
    out->status = km_code_http(f->code);
}

static void say_nothing(void *app, km_str line)
{
    (void)app;
    (void)line;
}

static const km_http_route routes[] = {
    { "POST", "/add-checkpoint", add_checkpoint, 0, "anybody", NULL, NULL }, { 0 }
};
static const km_http_route *const tables[] = { routes, NULL };

static int serve(const char *listen)
{
    km_http *h;
    km_fault f = { 0 };
    sigset_t stop;
    int got;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    km_http_options o = { .listen = listen,
                          .routes = tables,
                          .limits = km_http_limits_default,
                          .admit = everybody,
                          .refuse = refuse,
                          .log = say_nothing,
                          .clock = &km_clock_real,
                          .random = &km_random_real };
    if (km_http_start(&h, &o, &f) != KM_OK)
        return 3;
    printf("http://127.0.0.1:%d\n", km_http_port(h));
    fflush(stdout);
    sigwait(&stop, &got);
    km_http_stop(h);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned char raw[32] = { 0 };
    size_t n = sizeof raw;
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "simulated_witness STATE NAME SEED LOG-KEY [ADDRESS:PORT] < ask\n");
        return 2;
    }
    unsigned long seed = strtoul(argv[3], NULL, 10);
    memcpy(raw, &seed, sizeof seed);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
    me.state = argv[1];
    me.own = (km_audit_signer){ .sign = sign, .self = key };
    snprintf(me.own.key.name, sizeof me.own.key.name, "%s", argv[2]);
    EVP_PKEY_get_raw_public_key(key, me.own.key.pub, &n);
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    int code = 2;
    if (strcmp(argv[4], "-") == 0) {
        km_buf out = km_buf_in(a);
        km_audit_key_print(&out, &me.own.key);
        printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
        code = 0;
    } else if (km_audit_key_parse(&me.log, km_str_of(argv[4]), NULL) == KM_OK) {
        code = argc == 6 ? serve(argv[5]) : answer_once(a);
    }
    km_arena_free(a);
    EVP_PKEY_free(key);
    return code;
}
