//! What a test stands on, from the machine upwards: processes, servers, the service, its client, its log.

pub mod answer;
pub mod auditor;
pub mod binary;
pub mod browser;
pub mod client;
pub mod contract;
pub mod facts;
pub mod folder;
pub mod forge;
pub mod generated_client;
pub mod http;
pub mod kafka;
pub mod log;
pub mod maven;
pub mod postgres;
pub mod process;
pub mod programme;
pub mod proxy;
pub mod service;
pub mod setup;
pub mod stage;
pub mod statistics;
pub mod swarm;
pub mod time_zones;
pub mod topic;

pub use answer::Answer;
pub use http::Client;
pub use kafka::Broker;
pub use log::Log;
pub use postgres::{Cluster, Database};
pub use proxy::Proxy;
pub use service::Service;
pub use setup::Setup;
pub use stage::Stage;
pub use time_zones::TimeZones;
