/* SPDX-License-Identifier: Apache-2.0
 *
 * tree: the Merkle tree of RFC 6962 §2.1 over salted commitments, its proofs, and checkpoints that
 * sign it. Pure functions: a witness, a browser and the audit log itself stand on the same rules.
 *
 *     commit = SHA-256("kumihimo/audit/v1\0" || salt || entry)
 *     leaf = SHA-256(0x00 || commit)      node = SHA-256(0x01 || left || right)
 *
 * The salt makes a commitment say nothing about its entry once both are erased (trust.md §3.3).
 */
#ifndef KM_TRUST_AUDIT_TREE_H
#define KM_TRUST_AUDIT_TREE_H

#include "base/call.h"
#include "base/hash.h"

enum { KM_AUDIT_SALT = 16, KM_AUDIT_HASH = 32, KM_AUDIT_LEVELS = 63, KM_AUDIT_PROOF_MAX = 128 };

typedef struct km_audit_hash {
    unsigned char h[KM_AUDIT_HASH];
} km_audit_hash;

km_audit_hash km_audit_commit(const unsigned char salt[KM_AUDIT_SALT], km_str entry);
km_audit_hash km_audit_leaf(const km_audit_hash *commit);
km_audit_hash km_audit_node(const km_audit_hash *left, const km_audit_hash *right);

/* The tree while it grows: the roots of its complete subtrees, one for each bit of `size`. */
typedef struct km_audit_frontier {
    int64_t size;
    km_audit_hash at[KM_AUDIT_LEVELS];
} km_audit_frontier;
/* made (may be NULL): room for KM_AUDIT_LEVELS + 1; the leaf and each node that it completed, from
 * below. Returns how many. */
size_t km_audit_grow(km_audit_frontier *t, const km_audit_hash *leaf, km_audit_hash *made);
km_audit_hash km_audit_root(const km_audit_frontier *t); /* of the empty tree: SHA-256("") */

/* Complete nodes stand in the order in which they are made: a leaf, then what it completes. So a
 * file of them only grows. The place of the node over [first, first + 2^level). */
int64_t km_audit_place(int64_t first, int level);
int64_t km_audit_places(int64_t size); /* nodes of a tree of so many leaves */

/* Where proofs take complete nodes from. */
typedef struct km_audit_nodes {
    km_code (*at)(void *self, km_audit_hash *out, int64_t place, km_fault *f);
    void *self;
} km_audit_nodes;
typedef struct km_audit_path {
    size_t n;
    km_audit_hash step[KM_AUDIT_PROOF_MAX];
} km_audit_path;
/* KM_NOT_FOUND when index >= size, or first > size. */
km_code km_audit_prove(km_audit_path *out, const km_audit_nodes *from, int64_t index, int64_t size,
                       km_fault *f);
km_code km_audit_prove_growth(km_audit_path *out, const km_audit_nodes *from, int64_t first,
                              int64_t size, km_fault *f);
/* RFC 9162 §2.1.3.2 and §2.1.4.2. Anything may be asked. */
bool km_audit_includes(const km_audit_hash *root, int64_t size, int64_t index,
                       const km_audit_hash *leaf, const km_audit_path *p);
bool km_audit_grew(const km_audit_hash *old_root, int64_t old_size, const km_audit_hash *root,
                   int64_t size, const km_audit_path *p);

/* --- checkpoints: the signed-note form (C2SP tlog-checkpoint) with one more line, the time -------
 *     origin LF size LF base64(root) LF 2026-04-01T00:00:00.000Z LF LF
 *     U+2014 SP name SP base64(key hash, 4 || Ed25519 signature, 64) LF */
enum { KM_AUDIT_NOTE_MAX = 4096, KM_AUDIT_NAME_MAX = 128 };

typedef struct km_audit_key {
    char name[KM_AUDIT_NAME_MAX]; /* no blank, no '+' */
    unsigned char pub[32];        /* Ed25519 */
} km_audit_key;
/* name+8 hex digits+base64(0x01 || key): a line to give away. KM_BAD_VALUE. */
km_code km_audit_key_parse(km_audit_key *out, km_str text, km_fault *f);
void km_audit_key_print(km_buf *out, const km_audit_key *k);

typedef struct km_audit_signer {
    km_audit_key key;
    km_code (*sign)(void *self, unsigned char out[64], km_str text, km_fault *f); /* Ed25519 */
    void *self;
} km_audit_signer;

typedef struct km_audit_checkpoint {
    km_str origin, text, signatures; /* borrowed from the note */
    int64_t size;
    km_audit_hash root;
    km_ms at;
} km_audit_checkpoint;
/* KM_MALFORMED. Signatures are not looked at. */
km_code km_audit_checkpoint_parse(km_audit_checkpoint *out, km_str note, km_fault *f);
/* Did this key sign it? */
bool km_audit_signed_by(const km_audit_checkpoint *c, const km_audit_key *k);
/* The text without signatures; c->text is not read. */
void km_audit_checkpoint_print(km_buf *out, const km_audit_checkpoint *c);
/* Adds a signature line over `text`. */
km_code km_audit_countersign(km_buf *out, km_str text, const km_audit_signer *s, km_fault *f);

/* --- witnesses
 * ------------------------------------------------------------------------------------ A witness
 * keeps of each log the last size and root that it saw, nothing else. It countersigns a checkpoint
 * that the log's key signed and that holds all that the last one held. */
typedef struct km_audit_seen {
    int64_t size; /* 0: nothing yet */
    km_audit_hash root;
} km_audit_seen;
/* What a log sends to a witness (C2SP tlog-witness, the body of add-checkpoint):
 *     old SP size LF, a line of base64 for each step of the growth, LF, the signed note */
void km_audit_ask_print(km_buf *out, int64_t old_size, const km_audit_path *growth, km_str note);
/* KM_MALFORMED. *note points into the text. */
km_code km_audit_ask_parse(int64_t *old_size, km_audit_path *growth, km_str *note, km_str text,
                           km_fault *f);
/* Appends the signature line and moves *seen. KM_FORBIDDEN: not signed by the log; KM_CONFLICT: the
 * proof begins elsewhere than *seen, or the checkpoint is older; KM_TAMPERED: not consistent. After
 * a fault *seen is unchanged. */
km_code km_audit_witness(km_buf *out, km_audit_seen *seen, km_str note, const km_audit_path *growth,
                         const km_audit_key *log, const km_audit_signer *witness, km_fault *f);

#endif
