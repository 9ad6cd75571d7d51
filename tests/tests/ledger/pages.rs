//! The pages as a browser without a script gets them: who may see which, what they say, and what becomes of their forms.

mod member;
mod session;
mod settings;
