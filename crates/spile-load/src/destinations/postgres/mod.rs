//! PostgreSQL: one database, one schema per dataset.
//!
//! The location is a URL, `postgresql://user:password@host:port/database`. Rows enter through binary COPY into
//! temporary tables; all else is the SQL that every database shares.
//!
//! dlt's counterpart is `dlt.destinations.postgres`. Known differences: a load is one transaction, and loads into one
//! dataset wait for each other; there is no staging dataset; without `sslmode` a server on another machine must encrypt.

mod connection;
mod copy;
mod dialect;
mod error;
mod numeric;
mod tls;

use std::time::Duration;

use postgres::Config;
use postgres::config::Host;
use spile_core::{Destination, DestinationPlan, Error, ErrorKind, FieldDoc, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::connection::PostgresPlace;
use self::dialect::PostgresDialect;
use self::tls::TlsOptions;
use crate::open::{DestinationDef, OpenOptions};
use crate::sql::SqlDestination;

/// dlt's default, in seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const PORT: u16 = 5432;

/// The row of the destinations table.
pub(super) const DEFINITION: DestinationDef = DestinationDef {
    name: "postgres",
    aliases: &["postgresql"],
    dlt_name: "postgres",
    summary: "A PostgreSQL database, one schema per dataset.",
    fields: &[FieldDoc {
        name: "url",
        shape: "string",
        default: "",
        summary: "postgresql://user:password@host:port/database, with libpq's sslmode and sslrootcert.",
    }],
    open,
};

fn open(plan: &DestinationPlan, options: &OpenOptions) -> Result<Box<dyn Destination>> {
    let (config, tls, location) = read_url(plan.location.expose())?;
    let place = PostgresPlace::new(config, tls, location);
    Ok(Box::new(SqlDestination::new(place, PostgresDialect, options.dataset.clone(), options.read_only)))
}

/// Reads a URL into what the client needs and what people may see.
fn read_url(url: &str) -> Result<(Config, Option<MakeRustlsConnect>, String)> {
    let refuse = |message: &str| {
        Error::new(ErrorKind::Config, "destination/location", message)
            .hint("Write postgresql://user:password@host:port/database; special characters percent-encoded.")
    };
    if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
        return Err(refuse("the location of the postgres destination is not a postgresql:// url"));
    }
    let (tls, url) = TlsOptions::take(url)?;
    // The cause is left out: it may quote the password.
    let mut config: Config =
        url.parse().map_err(|_| refuse("the url of the postgres destination cannot be read"))?;
    let Some(database) = config.get_dbname().map(str::to_owned) else {
        return Err(refuse("the url of the postgres destination names no database"));
    };
    let Some(host) = config.get_hosts().first() else {
        return Err(refuse("the url of the postgres destination names no host"));
    };
    let (host, local) = match host {
        Host::Tcp(name) => (name.clone(), is_this_machine(name)),
        Host::Unix(path) => (path.display().to_string(), true),
    };
    let tls = tls.apply(&mut config, local)?;
    let port = config.get_ports().first().copied().unwrap_or(PORT);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("spile");
    }
    Ok((config, tls, format!("postgresql://{host}:{port}/{database}")))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, read) in [
            ("postgresql://u:secret@localhost/db", Ok("postgresql://localhost:5432/db")),
            ("postgres://u@127.0.0.1:5433/db", Ok("postgresql://127.0.0.1:5433/db")),
            ("postgresql://u@/db?host=/run/pg", Ok("postgresql:///run/pg:5432/db")),
            ("postgresql://u@db.example/db?sslmode=disable", Ok("postgresql://db.example:5432/db")),
            ("postgresql://u:secret@db.example/db?sslmode=require", Ok("postgresql://db.example:5432/db")),
            ("postgresql://u:secret@localhost/db?sslmode=safe", Err("destination/tls")),
            ("postgresql://u:secret@localhost", Err("destination/location")),
            ("postgresql://u:secret@h/db?nonsense=1", Err("destination/location")),
            ("mysql://h/db", Err("destination/location")),
        ] {
            let found = read_url(url);
            if let Err(error) = &found {
                assert!(!format!("{error:?}").contains("secret"), "{error:?}");
            }
            let found = found.map(|(_, _, location)| location).map_err(|error| error.code());
            assert_eq!(found, read.map(str::to_owned), "{url}");
        }
    }
}
