//! The black-box tests of the service.
