/* SPDX-License-Identifier: Apache-2.0
 *
 * notices: what the person, who stands for them and their home doctor are told of it.
 */
#include "services/emergency/emergency.h"

enum { NOTICES_MOST = 200 };

const km_policy km_emergency__notices_policy = { "notices.read", KM_AUDIT_NONE };

static km_code print_one(km_jw *w, const km_notice *n, km_call *call)
{
    km_jw_open(w, '{');
    km_jw_member_int(w, "number", n->number);
    km_jw_member_z(w, "to", km_notice_to_code(n->to));
    km_jw_member_z(w, "kind", km_notice_kind_code(n->kind));
    km_emergency__member_time(w, "at", n->at);
    km_emergency__member_time(w, "readAt", n->read_at);
    km_jw_member(w, "verdict", n->verdict);
    km_jw_key(w, "grant");
    km_emergency__print_grant(w, &n->grant, km_call_now(call));
    km_jw_close(w, '}');
    return KM_OK;
}

/* Which addressee somebody is follows from the basis of their role: one's own, those stood for, or
 * as a home doctor; whoever runs an open node sees what the person sees. */
static km_basis basis_of(km_request *r)
{
    const km_roles *roles = km_trust_roles(km_request_node(r)->trust);
    int permission = km_roles_permission(roles, km_str_of(km_emergency__notices_policy.permission));
    return km_roles_basis(roles, permission, r->call.caller->role);
}

static km_notice_to addressee(km_request *r)
{
    km_basis basis = basis_of(r);
    return basis == KM_BASIS_WARD                            ? KM_NOTICE_PROXY
           : basis == KM_BASIS_SELF || basis == KM_BASIS_ALL ? KM_NOTICE_PERSON
                                                             : KM_NOTICE_HOME;
}

/* The charts that are theirs: those of the address, or of who they are. The access leaves only what
 * is one's own, or a ward's whom they may still stand for. */
static km_code whose(int64_t **chart, size_t *n, km_reader *reader, km_request *r)
{
    const km_who *who = r->call.caller->who;
    km_str person = km_request_query(r, "person"), patient = km_request_query(r, "patient");
    if (person.n > 0)
        return km_emergency__charts(chart, n, reader, person);
    if (patient.n == 0 && who != NULL)
        patient = who->person.n > 0 ? who->person : who->wards > 0 ? who->ward[0] : KM_STR_NONE;
    if (patient.n == 0)
        return km_fail(r->call.fault, KM_REQUIRED, "person", "whose notices?");
    return km_emergency__charts_of(chart, n, reader, patient);
}

static km_code of_person(km_notice *all, size_t *n, km_reader *reader, km_request *r)
{
    int64_t *chart;
    size_t charts;
    *n = 0;
    KM_TRY(whose(&chart, &charts, reader, r));
    for (size_t i = 0; i < charts && *n < NOTICES_MOST; i++) {
        size_t more;
        KM_TRY(
            km_trust_notices(all + *n, &more, NOTICES_MOST - *n, reader, chart[i], addressee(r)));
        *n += more;
    }
    return KM_OK;
}

static km_code of_home(km_notice *all, size_t *n, km_reader *reader, km_request *r)
{
    const km_who *who = km_emergency__who(r);
    size_t names = 0;
    km_str *name = KM_NEW_ARRAY(r->call.arena, who->actors + 1, km_str);
    for (size_t i = 0; i < who->actors; i++)
        name[names++] = who->actor[i];
    name[names++] = who->organisation;
    return km_trust_notices_home(all, n, NOTICES_MOST, reader, name, names);
}

static km_code list(km_buf *json, km_reader *reader, km_request *r)
{
    size_t n, unread = 0;
    km_notice *all = KM_NEW_ARRAY(r->call.arena, NOTICES_MOST, km_notice);
    km_jw w = km_jw_on(json);
    if (addressee(r) == KM_NOTICE_HOME)
        KM_TRY(of_home(all, &n, reader, r));
    else
        KM_TRY(of_person(all, &n, reader, r));
    for (size_t i = 0; i < n; i++)
        unread += all[i].read_at == 0;
    km_jw_open(&w, '{');
    km_jw_member_int(&w, "unread", (int64_t)unread);
    km_jw_key(&w, "notices");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++)
        KM_TRY(print_one(&w, &all[i], &r->call));
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return km_access_release(km_reader_access(reader), NULL, 0, r->call.fault);
}

static km_code open_reader(km_reader **out, km_request *r)
{
    km_access *access;
    km_node *node = km_request_node(r);
    if (addressee(r) == KM_NOTICE_HOME)
        access = km_emergency__own_access(r);
    else
        KM_TRY(km_trust_access(&access, node->trust, &km_emergency__notices_policy, &r->call));
    return km_reader_open(out, node->log, access, &r->call);
}

km_code km_emergency__notices(km_request *r, km_reply *out)
{
    km_reader *reader;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(open_reader(&reader, r));
    km_code rc = list(&json, reader, r);
    km_reader_close(reader);
    return rc == KM_OK ? km_emergency__reply(out, 200, &json) : rc;
}

/* --- read marks --- */

/* Somebody else's notice is not there. */
static km_code mine(km_reader *reader, km_request *r, int64_t number)
{
    km_notice n;
    bool is = false;
    const km_who *who = km_emergency__who(r);
    KM_TRY(km_trust_notice_read(&n, reader, number));
    if (n.to != addressee(r))
        return km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
    if (n.to != KM_NOTICE_HOME) {
        is = km_access_covers_chart(km_reader_access(reader), n.chart);
    } else {
        KM_TRY(km_trust_notice_is_for(&is, reader, number, who->actor, who->actors));
        if (!is)
            KM_TRY(km_trust_notice_is_for(&is, reader, number, &who->organisation, 1));
    }
    return is ? KM_OK : km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
}

km_code km_emergency__notice_read(km_request *r, km_reply *out)
{
    int64_t number;
    km_reader *reader;
    KM_TRY(km_emergency__number(&number, r, "notice"));
    KM_TRY(open_reader(&reader, r));
    km_code rc = mine(reader, r, number);
    km_reader_close(reader);
    KM_TRY(rc);
    KM_TRY(km_trust_notice_mark(km_request_node(r)->log, number, &r->call));
    out->status = 204;
    return KM_OK;
}
