/* SPDX-License-Identifier: Apache-2.0
 *
 * pool: connections lent and given back. Readers are opened when first needed, up to the
 * number asked for; whoever finds none waits. A connection that broke is closed when it
 * comes back, and opened anew for the next who asks.
 */
#include "store/driver.h"

#include <assert.h>

/* Takes an idle reader, or the right to open one (then *out is NULL); false where it would have to
 * wait and may not. */
static bool take_reader(km_conn **out, km_store *s, bool wait)
{
    bool free;
    *out = NULL;
    pthread_mutex_lock(&s->lock);
    while (!(free = s->idle_n > 0 || s->open_n < s->readers) && wait)
        pthread_cond_wait(&s->reader_free, &s->lock);
    if (s->idle_n > 0)
        *out = s->idle[--s->idle_n];
    else if (free)
        s->open_n++;
    pthread_mutex_unlock(&s->lock);
    return free;
}

static void forget_reader(km_store *s)
{
    pthread_mutex_lock(&s->lock);
    s->open_n--;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->lock);
}

static km_code open_taken(km_conn **out, km_store *s, km_fault *f)
{
    if (*out != NULL)
        return KM_OK;
    km_code rc = km_conn__open(out, s, false, f);
    if (rc != KM_OK) {
        *out = NULL;
        forget_reader(s);
    }
    return rc;
}

km_code km_store_reader(km_conn **out, km_store *s, km_fault *f)
{
    (void)take_reader(out, s, true);
    return open_taken(out, s, f);
}

km_code km_store_reader_if_free(km_conn **out, km_store *s, km_fault *f)
{
    return take_reader(out, s, false) ? open_taken(out, s, f) : KM_OK;
}

static void free_writer(km_store *s)
{
    pthread_mutex_lock(&s->lock);
    s->writer_out = false;
    pthread_cond_signal(&s->writer_free);
    pthread_mutex_unlock(&s->lock);
}

km_code km_store_writer(km_conn **out, km_store *s, km_fault *f)
{
    pthread_mutex_lock(&s->lock);
    while (s->writer_out)
        pthread_cond_wait(&s->writer_free, &s->lock);
    s->writer_out = true;
    pthread_mutex_unlock(&s->lock);
    km_code rc = KM_OK;
    if (s->writer == NULL)
        rc = km_store__open_writer(s, f);
    *out = s->writer;
    if (rc != KM_OK)
        free_writer(s);
    return rc;
}

void km_store_return(km_conn *c)
{
    km_store *s = c->store;
    km_rollback(c);
    bool broken = s->driver->broken(c);
    if (broken)
        km_conn__close(c);
    if (c == s->writer) {
        if (broken)
            s->writer = NULL;
        free_writer(s);
    } else if (broken) {
        forget_reader(s);
    } else {
        pthread_mutex_lock(&s->lock);
        assert(s->idle_n < s->open_n);
        s->idle[s->idle_n++] = c;
        pthread_cond_signal(&s->reader_free);
        pthread_mutex_unlock(&s->lock);
    }
}
