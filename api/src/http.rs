//! HTTP around the routes: connections, layers, who calls, how bodies are read and failures answered. It knows no
//! single route.

pub mod auth;
pub mod client_address;
pub mod connections;
pub mod headers;
pub mod idempotency;
pub mod input;
pub mod language;
pub mod layers;
pub mod listen;
pub mod metrics;
pub mod openapi;
pub mod problem;
pub mod request_id;
pub mod router;
pub mod state;
pub mod stream;
