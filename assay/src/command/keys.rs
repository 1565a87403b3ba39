//! `assay keys init` and `assay keys session`.

use super::Outcome;
use crate::certificates::write_new;
use crate::cli::{KeyScheme, KeysCommand, KeysInitArgs, KeysRolesArgs, KeysSessionArgs};
use crate::clock;
use argon2::password_hash::SaltString;
use argon2::{Argon2, PasswordHasher};
use assay_audit::{AuditPaths, keys};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::TryRngCore;
use rand::rngs::OsRng;
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) fn run(command: &KeysCommand) -> Outcome {
    match command {
        KeysCommand::Init(args) => init(args),
        KeysCommand::Session(args) => session(args),
        KeysCommand::Roles(args) => roles(args),
    }
}

fn init(args: &KeysInitArgs) -> Outcome {
    let paths = keys::init(&AuditPaths::below(&args.data_dir).keys)?;
    println!("seal keys made in {}", paths.epoch.parent().unwrap_or(&paths.epoch).display());
    println!("take the initial key off this machine: {}", paths.initial.display());
    println!("give the public key to your auditors:   {}", paths.public.display());
    Ok(ExitCode::SUCCESS)
}

fn roles(args: &KeysRolesArgs) -> Outcome {
    write_new(&args.file, STANDARD.encode(random::<32>()?).as_bytes(), 0o600)?;
    println!("give every process of the node a copy of {}", args.file.display());
    Ok(ExitCode::SUCCESS)
}

/// A secret goes to a file of mode 600 and never to the terminal; the record that the configuration takes goes to
/// standard output.
fn session(args: &KeysSessionArgs) -> Outcome {
    let printable = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if args.id.is_empty() || args.id.starts_with('.') || !args.id.chars().all(printable) {
        return Err("an id is made of letters, digits, - _ and .".into());
    }
    let (scheme, proof, file) = match args.scheme {
        KeyScheme::HmacSha256 => shared(args, "hmac-sha-256", random::<32>()?.to_vec())?,
        KeyScheme::HmacSha512 => shared(args, "hmac-sha-512", random::<64>()?.to_vec())?,
        KeyScheme::Ed25519 => ed25519(args)?,
        KeyScheme::Password => password(args)?,
    };
    println!("[[session.key]]\nid = \"{}\"\nscheme = \"{scheme}\"\n{proof}", args.id);
    if let Some(days) = args.days {
        let end = clock::now().plus_ns(i64::from(days) * 86_400_000_000_000);
        println!("valid_until = \"{}\"", jiff::Timestamp::from_nanosecond(end.as_ns().into())?);
    }
    eprintln!("the secret is in {}: give it to the counterparty by a safe way", file.display());
    Ok(ExitCode::SUCCESS)
}

/// Scheme, the record's line, and where the secret lies.
type Made = Result<(&'static str, String, PathBuf), Box<dyn std::error::Error>>;

fn shared(args: &KeysSessionArgs, scheme: &'static str, secret: Vec<u8>) -> Made {
    let file = keep(args, "secret", &STANDARD.encode(secret))?;
    let line = format!("secret_file = {}", toml::Value::String(file.display().to_string()));
    Ok((scheme, line, file))
}

fn ed25519(args: &KeysSessionArgs) -> Made {
    let key = ed25519_dalek::SigningKey::from_bytes(&random::<32>()?);
    let file = keep(args, "private", &STANDARD.encode(key.to_bytes()))?;
    let public = STANDARD.encode(key.verifying_key().to_bytes());
    Ok(("ed25519", format!("public_key = \"{public}\""), file))
}

/// A password nobody chose: 192 bits of chance.
fn password(args: &KeysSessionArgs) -> Made {
    let password = URL_SAFE_NO_PAD.encode(random::<24>()?);
    let salt = SaltString::encode_b64(&random::<16>()?).map_err(|error| error.to_string())?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(|e| e.to_string())?;
    let file = keep(args, "password", &password)?;
    Ok(("password", format!("password_hash = \"{hash}\""), file))
}

fn keep(args: &KeysSessionArgs, kind: &str, secret: &str) -> Result<PathBuf, Box<dyn std::error::Error>> {
    std::fs::create_dir_all(&args.dir)?;
    let file = args.dir.join(format!("{}.{kind}", args.id));
    write_new(&file, format!("{secret}\n").as_bytes(), 0o600)?;
    Ok(file)
}

fn random<const N: usize>() -> Result<[u8; N], rand::rand_core::OsError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}
