/* SPDX-License-Identifier: Apache-2.0
 *
 * words: the codes that are understood. A code that is not here, or from a system that is not,
 * counts only where it denies; so a misspelt purpose in a refusal refuses more, never less.
 */
#include "trust/consent/inside.h"

#include "codec/fhir/fhir.h"

static const struct {
    const char *code, *en, *ja;
} reasons[KM_WHYS] = {
    [KM_WHY_NONE] = { "none", "", "" },
#define REASON(name, code, en, ja) [KM_WHY_##name] = { code, en, ja },
#include "trust/consent/reasons.def"
#undef REASON
};

const char *km_consent_reason_code(km_consent_reason r)
{
    return reasons[r < KM_WHYS ? r : 0].code;
}

const char *km_consent_reason_en(km_consent_reason r)
{
    return reasons[r < KM_WHYS ? r : 0].en;
}

const char *km_consent_reason_ja(km_consent_reason r)
{
    return reasons[r < KM_WHYS ? r : 0].ja;
}

const char *km_consent_answer_code(km_consent_answer a)
{
    return a == KM_PERMIT ? "permit" : a == KM_PERMIT_MINIMUM ? "permit-minimum" : "deny";
}

/* trust.md §2.2, 7. DV, a protected address, is our own. */
const char km_consent_restricted[] = "PSY HIV GDIS ETH DV";

/* R4 Consent.provision.action */
static const char actions[] = "collect access use disclose correct";

/* HL7 v3 ActReason below PurposeOfUse; the abstract top itself is not understood. */
static const char purposes[] =
    "TREAT CAREMGT CLINTRCH COC ETREAT BTG ERTREAT POPHLTH TREATDS HMARKT HOPERAT DONAT FRAUD GOV "
    "HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP HSYSADMIN LABELING METAMGT "
    "MEMADMIN MILCDM PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV HTEST TRAIN HPAYMT CLMATTCH COVAUTH "
    "COVERAGE ELIGDTRM ELIGVER ENROLLM MILDCRG REMITADV HRESCH BIORCH CLINTRCHNPC CLINTRCHPC "
    "PRECLINTRCH DSRCH POARCH TRANSRCH PATRQT FAMRQT PWATRNY SUPNWK PUBHLTH DISASTER THREAT";

/* HL7 v3 Confidentiality, and ActCode's information sensitivity. */
static const char confidentiality[] = "U L M N R V";
static const char sensitivity[] =
    "ETH GDIS HIV MST SCA SDV SEX SPI BH COGN DVD EMOTDIS MH PSY PSYTHPN "
    "SUD ETHUD OPIOIDUD STD TBOO VIO SICKLE DEMO DOB GENDER LIVARG "
    "MARST RACE REL B EMPL LOCIS SSP ADOL CEL DIA DRGIS EMP";
static const char own_labels[] = "DV";

/* hcRole, as the HPKI names it, in words without spaces. */
static const char professions[] =
    "physician dentist pharmacist nurse public-health-nurse midwife radiographer "
    "laboratory-technologist physiotherapist occupational-therapist speech-therapist dietitian "
    "paramedic social-worker psychologist care-manager";

/* Not a profession, but whoever acts for a registered emergency site (trust/grants.h). */
static const char places[] = "emergency-site";

/* Our own purpose: handing records to somebody abroad, which asks a consent of its own. */
static const char own_purposes[] = "ABROAD";

/* Roles of R4 security-role-type that say only that somebody receives. */
static const char receivers[] = "IRCP PRCP";

#define V3 "http://terminology.hl7.org/CodeSystem/v3-"
static const struct {
    km_criterion criterion;
    const char *system, *codes;
} systems[] = {
    { KM_BY_ACTION, "http://terminology.hl7.org/CodeSystem/consentaction", actions },
    { KM_BY_PURPOSE, V3 "ActReason", purposes },
    { KM_BY_PURPOSE, "urn:kumihimo:purpose", own_purposes },
    { KM_BY_LABEL, V3 "Confidentiality", confidentiality },
    { KM_BY_LABEL, V3 "ActCode", sensitivity },
    { KM_BY_LABEL, "urn:kumihimo:label", own_labels },
};

static bool among(const char *list, km_str word)
{
    km_str left = km_str_of(list);
    while (left.n > 0)
        if (km_str_eq(km_str_cut(left, ' ', &left), word))
            return word.n > 0;
    return false;
}

bool km_consent__is_restricted(km_str label)
{
    return among(km_consent_restricted, label);
}

km_str km_consent__word(km_arena *a, km_criterion c, km_str system, km_str code)
{
    if (code.n == 0 || system.n == 0)
        return KM_STR_NONE;
    if (c == KM_BY_CODE)
        return km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(system), KM_STR_ARG(code));
    if (c == KM_BY_CLASS)
        return km_str_is(system, "http://hl7.org/fhir/resource-types")
                       && km_fhir_is_resource(km_fhir_type_named(code))
                   ? code
                   : KM_STR_NONE;
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (systems[i].criterion == c && km_str_is(system, systems[i].system)
            && among(systems[i].codes, code))
            return code;
    return KM_STR_NONE;
}

km_str km_consent_label(km_arena *a, km_str system, km_str code)
{
    km_str word = km_consent__word(a, KM_BY_LABEL, system, code);
    return word.n > 0 || code.n == 0
               ? word
               : km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(system), KM_STR_ARG(code));
}

km_str km_consent__role(km_arena *a, bool *any, km_str system, km_str code)
{
    *any = (km_str_is(system, V3 "ParticipationType") || km_str_is(system, V3 "RoleClass"))
           && among(receivers, code);
    if (!*any && km_str_is(system, "urn:kumihimo:role")
        && (among(professions, code) || among(places, code)))
        return km_arena_print(a, "role:%.*s", KM_STR_ARG(code));
    return KM_STR_NONE;
}
