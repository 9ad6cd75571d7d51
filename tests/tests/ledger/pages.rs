//! The pages as a browser without a script gets them: who may see which, what they say, and what becomes of their forms.

mod approvals;
mod budgets;
mod claims;
mod coupons;
mod editor;
mod events;
mod member;
mod members;
mod overview;
mod rewards;
mod session;
mod settings;
mod value;
mod wallets;
