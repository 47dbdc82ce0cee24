//! Cryptographic functions. Search Reference, "Cryptographic functions".

use crate::example;
use crate::spec::{Example, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::Val;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::fmt::Write as _;

const fn hash(
    name: &'static str,
    syntax: &'static str,
    summary: &'static str,
    examples: &'static [Example],
    kernel: Kernel,
) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax,
        summary,
        examples,
        source: "Search Reference, Cryptographic functions",
        support: Support::Full,
        arity: (1, 1),
        ret: Ret::Text,
        nulls: Nulls::Propagate,
        multi: Multi::Each,
        pure: true,
        kernel,
    }
}

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    hash(
        "md5",
        "md5(<text>)",
        "The MD5 hash in hexadecimal.",
        &[
            example!("| makeresults | eval x=md5(\"abc\")" => field "x" = "900150983cd24fb0d6963f7d28e17f72"),
        ],
        Kernel::Row(|v, _| digest::<Md5>(&v[0])),
    ),
    hash(
        "sha1",
        "sha1(<text>)",
        "The SHA-1 hash in hexadecimal.",
        &[
            example!("| makeresults | eval x=sha1(\"abc\")" => field "x" = "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ],
        Kernel::Row(|v, _| digest::<Sha1>(&v[0])),
    ),
    hash(
        "sha256",
        "sha256(<text>)",
        "The SHA-256 hash in hexadecimal.",
        &[
            example!("| makeresults | eval x=sha256(\"abc\")" => field "x" = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ],
        Kernel::Row(|v, _| digest::<Sha256>(&v[0])),
    ),
    hash(
        "sha512",
        "sha512(<text>)",
        "The SHA-512 hash in hexadecimal.",
        &[
            example!("| makeresults | eval x=sha512(\"abc\")" => field "x" = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
        ],
        Kernel::Row(|v, _| digest::<Sha512>(&v[0])),
    ),
];

fn digest<D: Digest>(value: &Val<'_>) -> Val<'static> {
    let Some(text) = value.text() else { return Val::Null };
    let mut out = String::new();
    for byte in D::digest(text.as_bytes()) {
        let _ = write!(out, "{byte:02x}");
    }
    Val::str(out)
}
