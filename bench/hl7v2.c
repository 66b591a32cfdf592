/* SPDX-License-Identifier: Apache-2.0
 *
 * hl7v2: how fast messages are cut into segments, fields and first components, beside memchr for
 * the ends of the same lines.
 */
#include "kit/kit.h"
#include "codec/hl7v2/hl7v2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 64 << 20, ROUNDS = 3 };

static const char message[] =
    "MSH|^~\\&|HIS|1310123456|GW|RCV|20240301101500||OUL^R22^OUL_R22|1|P|2.5||||||~ISO IR87\r"
    "PID|1||0000123^^^^PI||\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B^^^^^L^I||19410421|M|||^^^^105-0001\r"
    "PV1|1|O|01^^^^^C||||D12345^\x1b$B0e;U\x1b(B^^^^^^^^L^^^^^I\r"
    "SPM|1|000000001219001||023^\x1b$B7l@6\x1b(B^JC10|||||||||||||202402291500\r"
    "OBR|1|000000011000354|000000001219001|E001^\x1b$B7l1U\x1b(B^99O03|||20240229|20240229\r"
    "OBX|1|NM|3A016000002327102^A/G^JC10||1.7||1.2-2.0||||F|||202402291500\r"
    "OBX|2|NM|3A010000002327101^TP^JC10||7.2|g/dl^g/dl^99XYZ|6.70-8.3||||F|||202402291500\r"
    "OBX|3|NM|3A015000002327101^ALB^JC10||4.9|g/dl^g/dl^99XYZ|3.7-5.5||||F|||202402291500\r";

static int64_t lines(km_str text)
{
    int64_t n = 0;
    for (const char *p = text.p, *end = p + text.n; p < end; n++) {
        const char *feed = memchr(p, '\r', (size_t)(end - p));
        p = feed != NULL ? feed + 1 : end;
    }
    return n;
}

static int64_t fields(km_str text)
{
    km_hl7_texts texts = { .text = text };
    km_hl7 m;
    km_hl7_segment s;
    int64_t n = 0;
    while (km_hl7_next_message(&m, &texts)) {
        km_hl7_segments segments = km_hl7_segments_of(&m);
        while (km_hl7_next(&s, &segments)) {
            n += s.n;
            n += km_hl7_component(&m, km_hl7_repeat(&m, km_hl7_field(&s, 3), 0), 1).n > 0;
        }
    }
    return n;
}

static double speed(int64_t (*work)(km_str), km_str text)
{
    double best = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double start = kit_now();
        if (work(text) == 0)
            kit_die("an empty file");
        double now = (double)text.n / 1e6 / (kit_now() - start);
        best = now > best ? now : best;
    }
    return best;
}

int main(void)
{
    char *all = malloc(BYTES);
    size_t n = sizeof message - 1, filled = 0;
    if (all == NULL)
        kit_die("memory");
    for (; filled + n <= BYTES; filled += n)
        memcpy(all + filled, message, n);
    km_str text = { all, filled };
    double floor = speed(lines, text);
    kit_row cut = { .what = "HL7 v2 cut into fields",
                    .unit = "MB/s",
                    .peer_is = "150 MB/s asked",
                    .ours = speed(fields, text),
                    .peer = 150,
                    .want = KIT_AT_LEAST,
                    .goal = 1 };
    kit_print(&cut);
    printf("memchr for each line: %.0f MB/s\n", floor);
    free(all);
    return 0;
}
