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
      "  kumihimo export --data demo/node --type Patient",
      export_options, 0, km_files__export },
    { 0 }
};

const km_service km_gateway_files = { .name = "files", .commands = commands };
