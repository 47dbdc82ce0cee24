//! Where addresses are, as far as a database tells.

/// What a database knows of an address; texts are empty where it knows nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    pub city: String,
    pub region: String,
    pub country: String,
    pub continent: String,
    pub metro_code: String,
    pub timezone: String,
    /// Latitude and longitude.
    pub position: Option<(f64, f64)>,
}

/// A database of addresses.
pub trait Geo: std::fmt::Debug + Send + Sync {
    fn place(&self, ip: std::net::IpAddr) -> Option<Place>;
}

/// What stands in for a database: the registries' word on the country, and nothing finer.
#[derive(Debug, Default)]
pub(crate) struct Registries(davy_knowledge::Countries);

impl Geo for Registries {
    fn place(&self, ip: std::net::IpAddr) -> Option<Place> {
        let country = self.0.of(ip)?;
        Some(Place {
            country: country.name.to_owned(),
            continent: country.continent.to_owned(),
            ..Place::default()
        })
    }
}
