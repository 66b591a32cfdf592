/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the verbs of the gateway.
 */
#include "gateways/files/files.h"

#include "gateways/files/inside.h"

static const km_option import_options[] = {
    { "source", "URI",
      "whose files these are: a URI, or Organization/ID of the node's register (default: "
      "source.json beside them, or the node's own)",
      "送り元の URI、または台帳の Organization/ID (省略時はファイルの隣の "
      "source.json、なければこのノード)" },
    { "source-name", "NAME", "its name for people", "その名前" },
    { "again", NULL, "read files from their beginning even when they are in already",
      "取り込み済みのファイルも初めから読む" },
    { "basis", "CODE", "on what the receipt rests: consent, law, entrusted ... (docs/provision.md)",
      "受領の根拠: consent, law, entrusted など" },
    { "country", "CC", "the giver's country (default JP)", "提供元の国 (省略時 JP)" },
    { "obtained", "TEXT", "how the giver had come by the data", "提供元が取得した経緯" },
    { "dry-run", NULL, "store nothing, print the report alone (claims)",
      "保存せずに報告だけを出す (レセプト)" },
    { 0 }
};

static const km_option export_options[] = {
    { "out", "FILE|DIR",
      "where to (default: standard output; a folder gets one for each source, a file for each "
      "type)",
      "書き出す先 (省略時は標準出力、フォルダなら送り元・種類ごとのファイル)" },
    { "type", "TYPE", "only this resource type", "この種類のみ" },
    { "to", "URI", "for whom, as consents name them (default: own use)",
      "提供先。同意書での表し方で書く (省略時は自らの利用)" },
    { "to-name", "NAME", "their name for people", "その名前" },
    { "country", "CC", "their country (default JP); abroad goes only who agreed to that",
      "提供先の国 (省略時 JP)。外国へは、それに同意した人の記録だけを出す" },
    { "basis", "CODE", "on what it rests: consent, law, entrusted ... (docs/provision.md)",
      "提供の根拠: consent, law, entrusted など" },
    { "scheme", "ID", "basis opt-out: under which announced scheme",
      "opt-out のとき、公表した仕組みの ID" },
    { "purpose", "CODE", "HL7 v3 PurposeOfUse (default HOPERAT)", "利用目的 (省略時 HOPERAT)" },
    { 0 }
};

static const km_command commands[] = {
    { "import", "PATH...", "bring in FHIR files (JSON, NDJSON, Bundles), claims (UKE), folders",
      "ファイルを取り込む: FHIR (JSON、NDJSON、Bundle)、レセプト (UKE)、フォルダ",
      "  kumihimo import --data demo/node demo/files\n"
      "  kumihimo import --data demo/node --source urn:example:clinic patients.ndjson\n"
      "  kumihimo import --data demo/node --dry-run RECEIPTC.UKE",
      import_options, KM_PARSES, km_files__import },
    { "export", NULL, "write the current versions as NDJSON", "現在の版を NDJSON で書き出す",
      "  kumihimo export --data demo/node --out all.ndjson\n"
      "  kumihimo export --data demo/node --out all/\n"
      "  kumihimo export --data demo/node --type Patient\n"
      "  kumihimo export --data demo/node --to urn:example:registry --basis law --out all/",
      export_options, 0, km_files__export },
    { 0 }
};

const km_service km_gateway_files = { .name = "files", .commands = commands };
