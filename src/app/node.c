/* SPDX-License-Identifier: Apache-2.0
 *
 * node: the tables of what every node offers by itself.
 */
#include "app/inside.h"

static const km_policy everyone = { .permission = "node.public" };

static km_code live(km_request *r, km_reply *out)
{
    (void)r;
    out->type = "application/json";
    out->body = KM_STR("{\"status\":\"live\"}");
    return KM_OK;
}

/* Ready means that a read and the writer answer. */
static km_code ready(km_request *r, km_reply *out)
{
    km_conn *c;
    km_node *n = km_request_node(r);
    if (km_stop_asked())
        return km_fail(r->call.fault, KM_STOPPING, NULL, NULL);
    KM_TRY(km_store_reader(&c, n->store, r->call.fault));
    km_code rc = km_begin(c, r->call.fault);
    km_rollback(c);
    km_store_return(c);
    out->type = "application/json";
    out->body = KM_STR("{\"status\":\"ready\"}");
    return rc;
}

static km_code metrics(km_request *r, km_reply *out)
{
    km_buf text = km_buf_in(r->call.arena);
    km_node_metrics(km_request_node(r), &text);
    out->type = "text/plain; version=0.0.4; charset=utf-8";
    out->body = km_buf_str(&text);
    return KM_OK;
}

static const km_http_route routes[] = {
    { "GET", "/health/live", live, KM_HTTP_INLINE | KM_HTTP_UNLIMITED, &everyone, NULL, NULL },
    { "GET", "/health/ready", ready, KM_HTTP_UNLIMITED, &everyone, NULL, NULL },
    { "GET", "/metrics", metrics, 0, &everyone, NULL, NULL },
    { "GET", "/api/permissions", km_app__permissions_shown, 0, &everyone, NULL, NULL },
    { "GET", "/", km_app__page, 0, &everyone, NULL, NULL },
    { "GET", "/assets/{file}", km_app__page, 0, &everyone, NULL, NULL },
    { "GET", "/{file}", km_app__page, 0, &everyone, NULL, NULL },
    { 0 }
};

static const km_option serve_options[] = {
    { "listen", "ADDRESS:PORT", "where to listen (default 127.0.0.1:8080; port 0: any free one)",
      "待ち受けるアドレス (省略時 127.0.0.1:8080、ポート 0 は空きを選ぶ)" },
    { "address", "URL",
      "how others reach this node, the issuer of its tokens (default: where it listens)",
      "外から見たこのノードの URL。トークンの発行者になる (省略時は待ち受ける所)" },
    { "demo", NULL,
      "make the data directory a demonstration, for good: invented persons sign in, loopback only",
      "データの置き場を実演用にする (元に戻らない)。架空の人が入れる。ループバックのみ" },
    { "open", NULL, "no authentication: loopback only, for trying out",
      "認証なし: ループバックのみ、試用のため" },
    { "references", "check|report", "references that lead nowhere: refuse (default) or report",
      "行き先のない参照を拒否する (省略時) か、報告する" },
    { "tls-cert", "FILE", "certificate chain, PEM", "証明書 (PEM)" },
    { "tls-key", "FILE", "its key, PEM", "その秘密鍵 (PEM)" },
    { "tls-client-ca", "FILE", "authorities of callers' certificates, PEM",
      "呼び出し側の証明書の認証局 (PEM)" },
    { "tls-peer", "optional|required",
      "a caller's certificate: looked at when shown (default with --tls-client-ca), or demanded",
      "呼び出し側の証明書を、示されれば確かめる (--tls-client-ca での省略時) か、必須とする" },
    { "tls-1-2", NULL, "also TLS 1.2 (ECDHE, AEAD), for who cannot do 1.3",
      "TLS 1.3 が使えない相手のため TLS 1.2 (ECDHE, AEAD) も許す" },
    { "rate-peer", "N",
      "requests a second from one address (default 1000, with --open 0: no limit)",
      "1 アドレスあたりの毎秒の要求数 (省略時 1000、--open では 0: 無制限)" },
    { "rate-caller", "N", "requests a second of one caller (default 500, with --open 0: no limit)",
      "1 利用者あたりの毎秒の要求数 (省略時 500、--open では 0: 無制限)" },
    { "trusted-proxy", "ADDRESS", "the proxy whose X-Forwarded-For counts",
      "X-Forwarded-For を信じるプロキシのアドレス" },
    { "user", "NAME", "become this user once the port is bound; started as root",
      "ポートを開いた後この利用者になる (root で起動する場合)" },
    { "connect", "PORTS", "TCP ports that may be asked beside 80, 443 and the store's: 8443,9443",
      "80・443・データベース以外に接続してよい TCP ポート: 8443,9443" },
    { "no-sandbox", NULL, "do not confine the process: for debugging only",
      "プロセスを隔離しない: 調査のためだけに" },
    { "tsa", "URL", "an authority that stamps the audit's checkpoints hourly (RFC 3161)",
      "監査のチェックポイントに毎時タイムスタンプを付ける局 (RFC 3161)" },
    { "tsa-ca", "FILE", "the certificates it stands under, PEM", "その局の認証局 (PEM)" },
    { "witness", "URL", "a witness of another operator: https://w.example/#name+hash+key",
      "別の運用者の立会人: https://w.example/#name+hash+key" },
    { "witness-2", "URL", "a second one", "二人目の立会人" },
    { "names", "told|withheld",
      "who looked at my record: professionals by name (default), or by role and institution only",
      "「誰が見たか」に医療者の氏名を示す (省略時) か、役割と機関だけにする" },
    { "web", "DIR", "the browser pages (default: beside the program)",
      "画面の置き場 (省略時はプログラムの隣)" },
    { 0 }
};

static const km_option synth_options[] = {
    { "people", "N", "how many people (default 200)", "人数 (省略時 200)" },
    { "seed", "S", "same seed, same bytes (default 1)", "同じ種からは同じ内容 (省略時 1)" },
    { "out", "DIR", "where to write", "書き出す先" },
    { 0 }
};

static const km_option link_options[] = {
    { "input", "FILE.csv", "records, with a header", "記録 (見出し行つき CSV)" },
    { "output", "CLUSTERS.csv", "where to write rec_id,cluster_id", "結果を書く先" },
    { "columns", "MAP.tsv", "which column says what (default: by the header)",
      "列の対応表 (省略時は見出しから)" },
    { "pairs", "FILE.csv", "where to write the scored pairs (default: CLUSTERS.pairs.csv)",
      "組と理由を書く先" },
    { "model", "FILE", "compare by this model instead of learning one",
      "学習せずにこのモデルで比べる" },
    { "save-model", "FILE", "keep the model that was learnt", "学習したモデルを残す" },
    { "lang", "ja|en", "language of the reasons", "理由の言語" },
    { 0 }
};

static const km_option consent_options[] = { { "vectors", "FILE",
                                               "decide: cases, one JSON object a line",
                                               "decide: 1行に1つの JSON で書いた事例" },
                                             { 0 } };

static const km_option convert_options[] = {
    { "to", "FORMAT", "what to make of it: a FHIR R4 Bundle, or of a Bundle a file",
      "変換先: FHIR R4 の Bundle、または Bundle から作るファイルの形式" },
    { 0 }
};

#define RING_OPTIONS                                                                         \
    { "operator", "a|b", "hold the keys of operator A or of operator B only (default: all)", \
      "運用者 A または B の鍵だけを持つ (省略時はすべて)" },                                 \
        { "pkcs11", "MODULE", "the keys lie in a PKCS#11 token; the path of its module",     \
          "鍵は PKCS#11 トークンの中。モジュールのパス" },                                   \
        { "token", "LABEL", "with --pkcs11: the token", "--pkcs11 のトークン名" },           \
    {                                                                                        \
        "pin-file", "FILE", "with --pkcs11: a file of mode 0400 that holds its PIN",         \
            "--pkcs11 の PIN を書いたファイル (0400)"                               \
    }

static const km_option keys_options[] = {
    { "version", "N", "destroy: which version", "destroy: 破棄する版" },
    { "socket", "PATH", "ask the key process that listens there", "動いている鍵プロセスに頼む" },
    RING_OPTIONS,
    { 0 }
};

static const km_option keyd_options[] = {
    { "socket", "PATH", "where to listen; only this user may connect",
      "待ち受けるソケット。同じ利用者だけがつなげる" },
    RING_OPTIONS,
    { "reseal", NULL, "seal the key files again under a new sealing key, then end",
      "鍵ファイルを新しい封印鍵で封じ直して終わる" },
    { 0 }
};

static const km_option id_options[] = {
    { "keys", "FILE",
      "keys_hex: {KA, KB, KR, KI} in hexadecimal; the cases too unless CASES is given",
      "keys_hex: {KA, KB, KR, KI} (十六進)。CASES を省けば事例もこの中から読む" },
    { 0 }
};

static const km_option audit_options[] = {
    { "key", "KEY", "verify, prove --check: the log's key as it was given out (name+hash+key)",
      "verify, prove --check: 公開されている検証鍵 (name+hash+key)" },
    { "tsa-ca", "FILE", "verify: look at the time stamps too; their authorities, PEM",
      "verify: タイムスタンプも確かめる。その認証局 (PEM)" },
    { "witness", "KEY", "verify: look at this witness's countersignatures too",
      "verify: この立会人の副署も確かめる" },
    { "check", "FILE", "prove: check a file of proofs; needs no data directory",
      "prove: 証明のファイルを確かめる (データの置き場は要らない)" },
    { "since", "TIME", "export: from this time on", "export: この時刻から" },
    { "until", "TIME", "export: until this time", "export: この時刻まで" },
    { "chart", "N", "export: entries about this chart", "export: この診療録についての記録" },
    { "format", "own|fhir", "export: as they are (default), or as FHIR AuditEvents (IHE BALP)",
      "export: そのまま (省略時)、または FHIR AuditEvent (IHE BALP) として" },
    { 0 }
};

static const km_option account_options[] = {
    { "issuer", "URL", "who proves them: a provider's issuer",
      "本人を証明する者 (認証サーバーの issuer)" },
    { "subject", "TEXT", "their name there", "そこでの識別子" },
    { "renewed", "TEXT", "renew: their new name there", "renew: 新しい識別子" },
    { "certificate", "FILE", "instead of both: the certificate of a card",
      "上の二つの代わり: カードの証明書" },
    { "renewed-certificate", "FILE", "renew: the new one", "renew: 新しい証明書" },
    { "card", "hpki|jpki", "whose card it is", "カードの種類" },
    { "role", "ROLE", "add: a role of `kumihimo permissions`",
      "add: 役割 (`kumihimo permissions`)" },
    { "name", "TEXT", "add: for people to read", "add: 画面に出す氏名" },
    { "organisation", "Organization/ID", "add: for whom they act", "add: 所属" },
    { "network", "Organization/ID", "add: of which network", "add: 地域ネットワーク" },
    { "person", "Patient/ID", "add: whose own records (citizen)", "add: 本人の記録 (citizen)" },
    { "ward", "Patient/ID,...", "add: whom they stand for (proxy)", "add: 代理される人 (proxy)" },
    { "actor", "Type/ID,...", "add: further names in consents", "add: 同意の中での別の名" },
    { 0 }
};

static const km_option provider_options[] = {
    { "issuer", "URL", "as the provider writes it", "認証サーバーの issuer" },
    { "client-id", "ID", "our name there", "こちらの client_id" },
    { "client-secret-file", "FILE", "our secret there (default: PKCE alone)",
      "秘密の入ったファイル (省略時は PKCE だけ)" },
    { "label", "TEXT", "on the button, Japanese", "ボタンの名前 (日本語)" },
    { "label-en", "TEXT", "on the button, English", "ボタンの名前 (英語)" },
    { "claim", "NAME", "the claim that is the accounts' subject (default sub)",
      "アカウントの識別子とする claim (省略時 sub)" },
    { "scope", "WORDS", "asked for beside openid", "openid のほかに求める scope" },
    { "allow", "HOST:PORT,...", "places that may be private or plain http",
      "内部網または http でよい場所" },
    { "ca", "FILE", "whose certificates to believe (default: the system's)",
      "信頼する認証局 (PEM)" },
    { 0 }
};

static const km_command commands[] = {
    { "serve", NULL, "serve FHIR at /fhir and the pages at /",
      "FHIR を /fhir に、画面を / に提供する",
      "  kumihimo serve --data demo/node --listen 127.0.0.1:8080 --open\n"
      "  kumihimo serve --data /srv/node --listen 0.0.0.0:443 --tls-cert node.pem --tls-key "
      "node.key "
      "--user kumihimo",
      serve_options, KM_NO_NODE, km_app__serve },
    { "verify", NULL, "prove the log whole", "記録のログが欠けず変わっていないことを確かめる",
      "  kumihimo verify --data demo/node --json", NULL, 0, km_app__verify },
    { "erase", "PATIENT...", "erase patients: Patient/ID; their keys are destroyed",
      "患者の記録を消去する: Patient/ID (鍵を破棄する)",
      "  kumihimo erase --data demo/node Patient/p-0001", NULL, 0, km_app__erase },
    { "rebuild", "VIEW", "make a view anew from the log: index, person, consent",
      "ログから索引を作り直す: index, person, consent", "  kumihimo rebuild --data demo/node index",
      NULL, 0, km_app__rebuild },
    { "audit", "verify | prove ENTRY | prove --check FILE | export",
      "prove the audit whole; prove one entry; write entries as NDJSON",
      "監査記録の完全性を確かめる、1件を証明する、NDJSON で書き出す",
      "  kumihimo audit verify --data demo/node\n"
      "  kumihimo audit verify --data demo/node --tsa-ca tsa.pem --witness w.example+hash+key\n"
      "  kumihimo audit prove --data demo/node 4711\n"
      "  kumihimo audit prove --check proofs.ndjson\n"
      "  kumihimo audit export --data demo/node --since 2026-04-01 --chart 12\n"
      "  kumihimo audit export --data demo/node --format fhir",
      audit_options, KM_NO_NODE, km_app__audit },
    { "synth", NULL, "make a region that never existed, as FHIR bundles",
      "実在しない地域の記録を FHIR で作る",
      "  kumihimo synth --people 200 --seed 1 --out demo/files", synth_options, KM_NO_NODE,
      km_app__synth },
    { "roundtrip", "FILE...", "read files, print them again and compare byte by byte",
      "ファイルを読み、書き戻して 1 バイトずつ比べる", "  kumihimo roundtrip RECEIPTC.UKE", NULL,
      KM_NO_NODE, km_app__roundtrip },
    { "explain", "FILE", "say in words what stands in a file, and what is wrong where",
      "ファイルの中身と誤りの場所を言葉で示す",
      "  kumihimo explain RECEIPTC.UKE\n  kumihimo explain --lang en RECEIPTC.UKE", NULL,
      KM_NO_NODE | KM_PARSES, km_app__explain },
    { "convert", "FILE",
      "print the records of a file as a FHIR bundle, or a bundle as such a file, storing nothing",
      "ファイルの記録を FHIR の Bundle として、または Bundle をその形式で、保存せずに書き出す",
      "  kumihimo convert RECEIPTC.UKE --to fhir\n"
      "  kumihimo convert bundle.json --to hl7v2",
      convert_options, KM_NO_NODE | KM_PARSES, km_app__convert },
    { "link", NULL, "say which rows of a CSV file are of one person, and why",
      "CSV のどの行が同一人物かを理由とともに示す",
      "  kumihimo link --input people.csv --output clusters.csv\n"
      "  kumihimo link --input people.csv --columns map.tsv --output clusters.csv "
      "--save-model model.tsv",
      link_options, KM_NO_NODE, km_app__link },
    { "permissions", NULL, "who may do what, and on which basis", "誰が何をどの根拠でできるか",
      "  kumihimo permissions\n  kumihimo permissions --json", NULL, KM_NO_NODE,
      km_app__permissions },
    { "consent", "decide|explain [FILE]", "answer consent test cases; put FHIR Consents into words",
      "同意の事例を判定する、FHIR Consent を言葉で説明する",
      "  kumihimo consent decide --vectors cases.jsonl\n"
      "  kumihimo consent explain --lang ja consent.json",
      consent_options, KM_NO_NODE, km_app__consent },
    { "id", "derive [CASES]",
      "identifiers, release ids and blind indexes of given cases, to compare implementations: "
      "one JSON document, per case of pid: msgA t y pid token, of sid: sid, of idx: idx",
      "与えた事例の目的別 ID・提供 ID・照合値を計算する (実装の照合用)。JSON 一文書で、pid は "
      "msgA t y pid token、sid は sid、idx は idx を出す",
      "  kumihimo id derive --keys vectors.json\n"
      "  kumihimo id derive --keys keys.json cases.json",
      id_options, KM_NO_NODE, km_app__id },
    { "account", "add | list | remove | renew | enrol",
      "who may sign in, and as what; enrol prints a code for their first passkey",
      "サインインできる人と役割。enrol は最初のパスキーのための登録コードを出す",
      "  kumihimo account add --data DIR --issuer https://login.example --subject 4711 \\\n"
      "    --role clinician --name 'Hanako Shiken' --organisation Organization/3\n"
      "  kumihimo account list --data DIR\n"
      "  kumihimo account enrol --data DIR --issuer https://login.example --subject 4711",
      account_options, 0, km_app__account },
    { "provider", "add NAME | list | remove NAME", "who vouches for people: OpenID providers",
      "本人を確かめる OpenID 認証サーバー",
      "  kumihimo provider add --data DIR city --issuer https://login.example --client-id kumihimo",
      provider_options, 0, km_app__provider },
    { "keyd", NULL,
      "the key process: holds the keys of DIR/ring and answers fixed requests at a Unix socket",
      "鍵プロセス: DIR/ring の鍵を持ち、Unix ソケットで決まった依頼だけに答える",
      "  kumihimo keyd --data keys-a --socket /run/kumihimo/a --operator a\n"
      "  kumihimo keyd --data keys-b --socket /run/kumihimo/b --operator b",
      keyd_options, KM_NO_NODE, km_app__keyd },
    { "keys", "make ROLE [NAME] | list | destroy ROLE [NAME]",
      "long-lived keys: make a version, list, destroy one; no key is ever shown",
      "長期鍵を作る、一覧する、破棄する (鍵そのものは決して表示しない)",
      "  kumihimo keys list --data demo/node\n"
      "  kumihimo keys make pid-b urn:kumihimo:dom:care:net-0001 --data keys-b\n"
      "  kumihimo keys destroy release rel-2026-01 --version 1 --data demo/node\n"
      "  kumihimo keys make token --pkcs11 /usr/lib/softhsm/libsofthsm2.so --token kumihimo "
      "--pin-file pin",
      keys_options, KM_NO_NODE, km_app__keys },
    { "pki", "test-ca DIR",
      "make a TEST authority of the shape of HPKI and JPKI: professionals of every role, citizens, "
      "revoked, expired, revocation lists",
      "HPKI・JPKI と同じ形の試験用認証局と証明書 (各職種、利用者、失効、期限切れ、失効リスト) "
      "を作る",
      "  kumihimo pki test-ca demo/test-ca", NULL, KM_NO_NODE, km_app__pki },
    { 0 }
};

const km_service km_app_node = { .name = "node", .routes = routes, .commands = commands };
