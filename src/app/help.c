/* SPDX-License-Identifier: Apache-2.0
 *
 * help: the verbs in words, Japanese first, from the same tables that run them.
 */
#include <stdlib.h>

#include "app/inside.h"
#include "platform/version.h"

bool km_app__in_english(const char *lang)
{
    const char *l = lang ? lang : getenv("LC_ALL");
    if (l == NULL || *l == '\0')
        l = getenv("LANG");
    return l != NULL && strncmp(l, "en", 2) == 0;
}

static void print_options(const km_option *o, bool english)
{
    for (; o != NULL && o->name != NULL; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-26s %s\n", left, english ? o->about : o->about_ja);
    }
}

void km_app__help(const km_service *const *services, const char *lang)
{
    bool english = km_app__in_english(lang);
    printf("%s\n\n", english ? "Kumihimo: one person's health records, braided into one cord"
                             : "組紐 (Kumihimo): 一人の保健医療記録を一本の紐に");
    printf("%s\n", english ? "kumihimo VERB [options] [words]" : "kumihimo 動詞 [オプション] [語]");
    for (; *services != NULL; services++)
        for (const km_command *c = (*services)->commands; c != NULL && c->verb != NULL; c++)
            printf("  %-10s %s\n", c->verb, english ? c->about : c->about_ja);
    printf("\n%s\n", english ? "kumihimo VERB --help tells more, with examples."
                             : "kumihimo 動詞 --help で詳しい説明と例を表示します。");
}

void km_app__help_command(const km_command *c, const char *lang)
{
    bool english = km_app__in_english(lang);
    printf("kumihimo %s%s%s\n\n  %s\n\n", c->verb, c->arguments ? " " : "",
           c->arguments ? c->arguments : "", english ? c->about : c->about_ja);
    print_options(c->options, english);
    print_options(km_app__common, english);
    printf("\n%s\n%s\n", english ? "Examples:" : "例:", c->examples);
    printf("%s\n",
           english ? "Exit codes: 0 done, 1 some input refused, 2 wrong usage, 3 the store failed."
                   : "終了コード: 0 完了、1 一部の入力を拒否、2 使い方の誤り、3 保存の失敗。");
}

void km_app__version(void)
{
    printf("kumihimo " KM_VERSION "\n");
}
