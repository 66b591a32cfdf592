/* SPDX-License-Identifier: Apache-2.0
 *
 * http: the whole node from outside. Reads beside a fixed reply of the same server, durable creates
 * beside durable inserts of PostgreSQL, small creates beside a large transaction; conditional
 * creates that meet; start, memory and size against their limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/http.h"
#include "kit/client.h"
#include "kit/kit.h"
#include "kit/postgres.h"

enum { READERS = 32, WRITERS = 16, SMALL_WRITERS = 4, SECONDS = 5, ROUNDS = 2, ENTRIES = 3419 };

/* --- what is asked ------------------------------------------------------------------------------
 */

/* A plain laboratory value, as long as most. */
static const char observation[] =
    "{\"resourceType\":\"Observation\",%s\"status\":\"final\",\"category\":[{\"coding\":[{"
    "\"system\":"
    "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"laboratory\"}]}],"
    "\"code\":{\"coding\":[{\"system\":\"http://"
    "loinc.org\",\"code\":\"2345-7\",\"display\":\"Glucose\"}],"
    "\"text\":\"Glucose\"},\"subject\":{\"reference\":\"%s\"},\"effectiveDateTime\":"
    "\"2023-05-%02dT08:30:00+09:00\",\"issued\":\"2023-05-%02dT09:00:00.000+09:00\","
    "\"valueQuantity\":"
    "{\"value\":%d.%d,\"unit\":\"mg/dL\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg/"
    "dL\"}}";

static int print_observation(char *out, size_t room, const char *extra, const char *subject,
                             size_t number)
{
    int day = (int)(number % 28) + 1;
    return snprintf(out, room, observation, extra, subject, day, day, 70 + (int)(number % 100),
                    (int)(number % 10));
}

typedef struct names {
    char (*path)[160];
    size_t n;
} names;

/* "/fhir/Type/id" of every line of an export, whose lines begin with type and id. */
static names names_in(const char *ndjson)
{
    names all = { 0 };
    char *line = NULL, type[64], id[65];
    size_t line_room = 0, room = 0;
    FILE *f = fopen(ndjson, "r");
    while (f != NULL && getline(&line, &line_room, f) > 0) {
        if (sscanf(line, "{\"resourceType\":\"%63[A-Za-z]\",\"id\":\"%64[^\"]\"", type, id) != 2)
            continue;
        if (all.n == room) {
            room = room ? room * 2 : 1024;
            all.path = realloc(all.path, room * sizeof *all.path);
            if (all.path == NULL)
                kit_die("memory");
        }
        snprintf(all.path[all.n++], sizeof *all.path, "/fhir/%s/%s", type, id);
    }
    if (f == NULL || all.n == 0)
        kit_die("the export is empty");
    fclose(f);
    free(line);
    errno = 0;
    return all;
}

/* --- a fixed reply of the same server
 * --------------------------------------------------------------- */

static km_code fixed(km_request *r, km_reply *out)
{
    static const char body[500] = "{\"resourceType\":\"Observation\"}";
    (void)r;
    out->type = "application/fhir+json";
    out->body = (km_str){ body, sizeof body };
    out->packed = true;
    return KM_OK;
}

/* The least that a durable create costs this server: as many bytes into a file as SQLite writes for
 * one (measured: 36 pages of 4 KiB for a group of six), one fdatasync for all that wait, and
 * nothing else: no JSON, no checks, no tree. */
enum { PAGE_BYTES = 24 << 10, WAITS = 64, FILE_BYTES = 64 << 20 };

typedef struct pages {
    pthread_mutex_t lock;
    pthread_cond_t some;
    km_request *waiting[WAITS];
    size_t waits;
    int fd;
} pages;
static pages written = { .lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER };

static km_code say_written(km_request *r, km_reply *out)
{
    (void)r;
    out->status = 201;
    return KM_OK;
}

static km_code write_pages(km_request *r, km_reply *out)
{
    out->then = say_written;
    pthread_mutex_lock(&written.lock);
    written.waiting[written.waits++] = r;
    pthread_cond_signal(&written.some);
    pthread_mutex_unlock(&written.lock);
    return KM_OK;
}

static size_t take_waiting(km_request **out)
{
    pthread_mutex_lock(&written.lock);
    while (written.waits == 0)
        pthread_cond_wait(&written.some, &written.lock);
    size_t n = written.waits;
    memcpy(out, written.waiting, n * sizeof *out);
    written.waits = 0;
    pthread_mutex_unlock(&written.lock);
    return n;
}

static void *write_groups(void *self)
{
    static char page[PAGE_BYTES];
    km_request *group[WAITS];
    off_t at = 0;
    (void)self;
    for (;;) {
        size_t n = take_waiting(group);
        for (size_t i = 0; i < n; i++, at = (at + PAGE_BYTES) % FILE_BYTES)
            if (pwrite(written.fd, page, sizeof page, at) != (ssize_t)sizeof page)
                _exit(1);
        if (fdatasync(written.fd) != 0)
            _exit(1);
        for (size_t i = 0; i < n; i++)
            km_request_go_on(group[i]);
    }
    return NULL;
}

/* The file has its length before, as a log has that began anew. */
static void open_pages(const char *path)
{
    static char some[1 << 20];
    pthread_t thread;
    written.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof some)
        if (pwrite(written.fd, some, sizeof some, at) != (ssize_t)sizeof some)
            _exit(1);
    if (fsync(written.fd) != 0 || pthread_create(&thread, NULL, write_groups, NULL) != 0)
        _exit(1);
}

static void refuse(km_request *r, const km_fault *f, km_reply *out)
{
    (void)r;
    out->status = km_code_http(f->code);
}

static void serve_fixed(int to, const char *pages_in)
{
    static const int policy = 1;
    static const km_http_route routes[] = { { "GET", "/fixed", fixed, 0, &policy, NULL, NULL },
                                            { "POST", "/fhir/Observation", write_pages,
                                              KM_HTTP_BRIEF, &policy, NULL, NULL },
                                            { 0 } };
    static const km_http_route *const tables[] = { routes, NULL };
    km_http *h;
    km_fault f = { 0 };
    km_http_options o = { .listen = "127.0.0.1:0",
                          .routes = tables,
                          .limits = km_http_limits_default,
                          .refuse = refuse,
                          .clock = &km_clock_real,
                          .random = &km_random_real };
    open_pages(pages_in);
    if (freopen("/dev/null", "w", stderr) == NULL || km_http_start(&h, &o, &f) != KM_OK)
        _exit(1);
    int port = km_http_port(h);
    if (write(to, &port, sizeof port) != (ssize_t)sizeof port)
        _exit(1);
    for (;;)
        pause();
}

static kit_node start_fixed(void)
{
    int end[2];
    kit_node n = { 0 };
    const char *pages_in = kit_path(kit_folder(), "pages");
    fflush(NULL);
    if (pipe(end) != 0 || (n.pid = fork()) < 0)
        kit_die("fork");
    if (n.pid == 0)
        serve_fixed(end[1], pages_in);
    if (read(end[0], &n.port, sizeof n.port) != (ssize_t)sizeof n.port)
        kit_die("the fixed reply does not serve");
    close(end[0]);
    close(end[1]);
    return n;
}

/* --- reads
 * ---------------------------------------------------------------------------------------------- */

typedef struct reading {
    const names *names;
    char text[READERS][256];
} reading;

static kit_ask next_read(void *self, int connection, size_t number)
{
    reading *x = self;
    /* A large odd step visits all of them in no order that a cache would know. */
    const char *path = x->names->path[number * 7919 % x->names->n];
    int n = snprintf(x->text[connection], sizeof *x->text, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n",
                     path);
    return (kit_ask){ x->text[connection], (size_t)n };
}

static kit_ask next_fixed(void *self, int connection, size_t number)
{
    static const char text[] = "GET /fixed HTTP/1.1\r\nHost: bench\r\n\r\n";
    (void)self, (void)connection, (void)number;
    return (kit_ask){ text, sizeof text - 1 };
}

static double rate_of(const kit_load *l, const char *what)
{
    kit_answers a;
    kit_ask_all(&a, l);
    double rate = kit_per_s(&a);
    if (a.by_class[2] != a.n) {
        fprintf(stderr, "bench: %s: %zu of %zu answers are no success\n", what, a.n - a.by_class[2],
                a.n);
        exit(1);
    }
    kit_answers_free(&a);
    return rate;
}

static void compare_reads(const kit_node *node, const names *all)
{
    static reading x; /* too large for a stack */
    double ours = 0, floor_rate = 0;
    kit_node other = start_fixed();
    x.names = all;
    kit_load reads = { .port = node->port,
                       .connections = READERS,
                       .seconds = SECONDS,
                       .next = next_read,
                       .self = &x };
    kit_load bare = {
        .port = other.port, .connections = READERS, .seconds = SECONDS, .next = next_fixed
    };
    for (int i = 0; i < ROUNDS; i++) {
        double one = rate_of(&bare, "fixed reply");
        floor_rate = one > floor_rate ? one : floor_rate;
        one = rate_of(&reads, "reads");
        ours = one > ours ? one : ours;
    }
    kill(other.pid, SIGKILL);
    kit_wait(NULL, other.pid);
    kit_print(&(kit_row){ "read by id, 32 clients", "/s", "fixed 500 bytes", ours, floor_rate,
                          KIT_AT_LEAST, 0.4 });
}

/* --- creates
 * ------------------------------------------------------------------------------------------------
 */

typedef struct creating {
    const char *subject;
    char text[WRITERS][2048];
} creating;

static kit_ask next_create(void *self, int connection, size_t number)
{
    creating *x = self;
    char body[1536];
    int n = print_observation(body, sizeof body, "", x->subject, number);
    int all = snprintf(
        x->text[connection], sizeof *x->text,
        "POST /fhir/Observation HTTP/1.1\r\nHost: bench\r\nContent-Type: "
        "application/fhir+json\r\nPrefer: return=minimal\r\nContent-Length: %d\r\n\r\n%s",
        n, body);
    return (kit_ask){ x->text[connection], (size_t)all };
}

/* The part that runs beside a PostgreSQL: the same body, a key, one row a transaction; once as it
 * is, once found by any of its members, as ours is. */
static int insert_in_postgres(void)
{
    char body[1536], script[2048];
    kit_pgbench bare, indexed;
    kit_pg_run("CREATE TABLE resource(id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body jsonb)");
    print_observation(body, sizeof body, "", "Patient/p1", 1);
    /* A colon would be a variable of pgbench where a letter follows: there is none. */
    snprintf(script, sizeof script, "INSERT INTO resource(body) VALUES ('%s');\n", body);
    if (!kit_pgbench_run(&bare, script, WRITERS, SECONDS))
        return 1;
    kit_pg_run("CREATE INDEX resource_body ON resource USING gin(body jsonb_path_ops)");
    if (!kit_pgbench_run(&indexed, script, WRITERS, SECONDS))
        return 1;
    printf("{\"tps\":%.1f,\"indexed\":%.1f}\n", bare.per_s, indexed.per_s);
    return 0;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void compare_creates(const kit_node *node, const char *subject)
{
    static const char what[] = "create, durable, 16 clients";
    static creating x; /* too large for a stack */
    x.subject = subject;
    kit_load l = { .port = node->port,
                   .connections = WRITERS,
                   .seconds = SECONDS,
                   .next = next_create,
                   .self = &x };
    double ours = 0, bare = 0, indexed = 0, least = 0;
    kit_node other = start_fixed();
    kit_load same = l;
    same.port = other.port;
    for (int i = 0; i < ROUNDS; i++) {
        ours = larger(ours, rate_of(&l, "creates"));
        least = larger(least, rate_of(&same, "the same pages"));
        char *report = kit_beside_postgres("inserts");
        if (report != NULL) {
            bare = larger(bare, kit_number_in(report, "tps"));
            indexed = larger(indexed, kit_number_in(report, "indexed"));
        }
        free(report);
    }
    kill(other.pid, SIGKILL);
    kit_wait(NULL, other.pid);
    kit_print(
        &(kit_row){ what, "/s", "the same pages, nothing else", ours, least, KIT_AT_LEAST, 0.3 });
    if (bare <= 0) {
        kit_skip(what, "no PostgreSQL is installed");
        return;
    }
    kit_print(&(kit_row){ "", "/s", "PostgreSQL, rows of jsonb", ours, bare, KIT_AT_LEAST, 1 });
    kit_print(&(kit_row){ "", "/s", "  the same with GIN index", ours, indexed, KIT_AT_LEAST, 1 });
}

/* --- 64 conditional creates at once
 * --------------------------------------------------------------------------- */

static kit_ask same_create(void *self, int connection, size_t number)
{
    (void)connection, (void)number;
    return *(const kit_ask *)self;
}

static void count_conditional(const kit_node *node)
{
    enum { AT_ONCE = 64 };
    static const char body[] =
        "{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":\"urn:bench:once\","
        "\"value\":\"1\"}],\"name\":\"Once\"}";
    kit_ask ask = kit_request("POST", "/fhir/Organization",
                              "If-None-Exist: identifier=urn:bench:once|1\r\n", body,
                              sizeof body - 1);
    kit_load l = { .port = node->port,
                   .connections = AT_ONCE,
                   .most = AT_ONCE,
                   .next = same_create,
                   .self = &ask };
    kit_answers a;
    char *reply;
    kit_ask_all(&a, &l);
    kit_ask_one(&reply, node->port, "GET",
                "/fhir/Organization?identifier=urn:bench:once|1&_summary=count", NULL, 0);
    double made = kit_number_in(reply, "total");
    kit_print(&(kit_row){ "64 conditional creates at once: 2xx", "", "asked", (double)a.by_class[2],
                          AT_ONCE, KIT_AT_LEAST, 1 });
    kit_print(&(kit_row){ "  resources made by them", "", "exactly one", made, 1,
                          made < 1 ? KIT_AT_LEAST : KIT_AT_MOST, 1 });
    free(reply);
    kit_answers_free(&a);
}

/* --- a large transaction and small creates
 * ------------------------------------------------------------------------ */

static char *make_transaction(size_t *n, int round)
{
    size_t room = (size_t)ENTRIES * 1400 + 4096, at;
    char *out = malloc(room), patient[96];
    if (out == NULL)
        kit_die("memory");
    snprintf(patient, sizeof patient, "urn:uuid:00000000-0000-4000-8000-%012d", round);
    at = (size_t)snprintf(
        out, room,
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{"
        "\"fullUrl\":\"%s\",\"resource\":{\"resourceType\":\"Patient\",\"gender\":"
        "\"female\"},\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}",
        patient);
    for (size_t i = 1; i < ENTRIES; i++) {
        at += (size_t)snprintf(out + at, room - at, ",{\"resource\":");
        at += (size_t)print_observation(out + at, room - at, "", patient, i);
        at += (size_t)snprintf(out + at, room - at,
                               ",\"request\":{\"method\":\"POST\",\"url\":\"Observation\"}}");
    }
    at += (size_t)snprintf(out + at, room - at, "]}");
    *n = at;
    return out;
}

typedef struct small {
    kit_load load;
    kit_answers answers;
} small;

static void *run_small(void *self)
{
    small *s = self;
    kit_ask_all(&s->answers, &s->load);
    return NULL;
}

static void disturb(const kit_node *node, const char *subject)
{
    enum { TRANSACTIONS = 3 };
    static creating x;
    bool stop = false;
    double idle_ms, took = 0;
    pthread_t thread;
    x.subject = subject;
    small s = { .load = { .port = node->port,
                          .connections = SMALL_WRITERS,
                          .seconds = 3,
                          .next = next_create,
                          .self = &x } };
    run_small(&s);
    idle_ms = kit_quantile_ms(&s.answers, 0.99);
    kit_answers_free(&s.answers);
    s.load.seconds = 0;
    s.load.stop = &stop;
    if (pthread_create(&thread, NULL, run_small, &s) != 0)
        kit_die("a thread");
    for (int i = 0; i < TRANSACTIONS; i++) {
        size_t n;
        char *text = make_transaction(&n, i), *reply;
        double began = kit_now();
        int status = kit_ask_one(&reply, node->port, "POST", "/fhir", text, n);
        took += (kit_now() - began) / TRANSACTIONS;
        if (status != 200) {
            fprintf(stderr, "bench: the transaction was answered %d: %.300s\n", status, reply);
            exit(1);
        }
        free(reply);
        free(text);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    double p99 = kit_quantile_ms(&s.answers, 0.99);
    double bound = 5 * idle_ms > 150 ? 5 * idle_ms : 150;
    kit_answers_free(&s.answers);
    kit_print(&(kit_row){ "p99 of creates during 3,419-entry bundles", "ms",
                          "5 x idle p99 or 150 ms", p99, bound, KIT_AT_MOST, 1 });
    kit_print(
        &(kit_row){ "  p99 of creates, idle", "ms", "the same", idle_ms, bound, KIT_AT_MOST, 1 });
    kit_print(&(kit_row){ "  one such bundle", "s", "10 s", took, 10, KIT_AT_MOST, 1 });
}

/* --- memory after an import over HTTP
 * ------------------------------------------------------------------------------- */

/* The next lines as one batch of updates; NULL at the end. */
static char *next_bundle(size_t *n, FILE *lines)
{
    enum { MOST = 100, BYTES = 1 << 20 };
    char *line = NULL, *out = NULL, type[64], id[65];
    size_t room = 0;
    FILE *to = open_memstream(&out, n);
    size_t entries = 0;
    fputs("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[", to);
    for (ssize_t got;
         entries < MOST && ftell(to) < BYTES && (got = getline(&line, &room, lines)) > 0;) {
        if (sscanf(line, "{\"resourceType\":\"%63[A-Za-z]\",\"id\":\"%64[^\"]\"", type, id) != 2)
            continue;
        fprintf(to, "%s{\"resource\":%.*s,\"request\":{\"method\":\"PUT\",\"url\":\"%s/%s\"}}",
                entries++ ? "," : "", (int)(line[got - 1] == '\n' ? got - 1 : got), line, type, id);
    }
    fputs("]}", to);
    fclose(to);
    free(line);
    if (entries > 0)
        return out;
    free(out);
    return NULL;
}

static void import_over_http(const char *ndjson)
{
    static const char *const lenient[] = { "--references", "report", NULL };
    kit_node node;
    size_t n, refused = 0;
    FILE *lines = fopen(ndjson, "r");
    if (lines == NULL)
        kit_die(ndjson);
    kit_serve(&node, kit_path(kit_folder(), "by-http"), lenient);
    for (char *bundle; (bundle = next_bundle(&n, lines)) != NULL; free(bundle))
        refused += kit_ask_one(NULL, node.port, "POST", "/fhir", bundle, n) != 200;
    fclose(lines);
    if (refused > 0)
        fprintf(stderr, "bench: %zu bundles were refused\n", refused);
    kit_print(&(kit_row){ "serve: resident after an import over HTTP", "MB", "limit",
                          (double)kit_status_bytes(node.pid, "VmRSS") / 1e6, 150, KIT_AT_MOST, 1 });
    kit_print(&(kit_row){ "  the most it ever was", "MB", "limit",
                          (double)kit_status_bytes(node.pid, "VmHWM") / 1e6, 150, KIT_AT_MOST, 1 });
    kit_stop(&node);
}

static const char *subject_among(const names *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (strncmp(all->path[i], "/fhir/Patient/", 14) == 0)
            return all->path[i] + 6;
    kit_die("the set has no patient");
}

int main(int argc, char **argv)
{
    bool sample;
    kit_node node;
    if (argc > 1 && strcmp(argv[1], "inserts") == 0)
        return insert_in_postgres();
    const char *set = kit_set(&sample), *data = kit_path(kit_folder(), "node");
    const char *all = kit_path(kit_folder(), "all.ndjson");
    const char *const import[] = { kit_program(), "import", "--quiet", "--data", data, set, NULL };
    const char *const export[] = { kit_program(), "export", "--quiet", "--data",
                                   data,          "--out",  all,       NULL };
    kit_run(NULL, import);
    kit_run(NULL, export);
    names named = names_in(all);
    kit_serve(&node, data, NULL);
    kit_print(&(kit_row){ "cold start to the first answer", "s", "limit", node.ready_s, 0.2,
                          KIT_AT_MOST, 1 });
    kit_print(&(kit_row){ "size of the program", "MB", "limit",
                          (double)kit_file_bytes(kit_program()) / 1e6, 15, KIT_AT_MOST, 1 });
    compare_reads(&node, &named);
    compare_creates(&node, subject_among(&named));
    count_conditional(&node);
    disturb(&node, subject_among(&named));
    kit_print(&(kit_row){ "serve: resident after all this", "MB", "limit",
                          (double)kit_status_bytes(node.pid, "VmRSS") / 1e6, 150, KIT_AT_MOST, 1 });
    kit_stop(&node);
    import_over_http(all);
    free(named.path);
    return 0;
}
