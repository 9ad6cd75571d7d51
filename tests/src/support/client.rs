//! What nearly every test asks for, as one call each: accounts, events, rewards, activities, claims.

use serde_json::{Value, json};

use super::{Answer, Client, programme};

/// The password of every account that the tests make.
pub const PASSWORD: &str = "correct horse battery";

/// A member with an account, logged in.
#[derive(Clone)]
pub struct Member {
    /// The account's id.
    pub id: String,
    /// The account's e-mail.
    pub email: String,
    /// The member as a caller.
    pub client: Client,
}

impl Client {
    /// Logs in.
    pub async fn login(&self, email: &str, password: &str) -> Client {
        let answer = self.post("/auth/login", &json!({"email": email, "password": password})).await;
        answer.ok();
        self.with_token(&answer.text("/accessToken"))
    }

    /// A new member of zone UTC, logged in.
    pub async fn sign_up(&self) -> Member {
        self.sign_up_with(json!({})).await
    }

    /// A new member with more than the least, such as a time zone or an invite code; logged in.
    pub async fn sign_up_with(&self, more: Value) -> Member {
        let member = self.register_with(more).await;
        Member { client: self.login(&member.email, PASSWORD).await, ..member }
    }

    /// A new member that has not logged in, so that it has no fact yet.
    pub async fn register_with(&self, more: Value) -> Member {
        let email = programme::email();
        let body = programme::with(json!({"email": email, "password": PASSWORD, "birthDate": "1995-01-01"}), more);
        let answer = self.post("/auth/signup", &body).await;
        answer.created();
        Member { id: answer.text("/id"), email, client: self.without_token() }
    }

    /// Creates an event and answers its id.
    pub async fn create_event(&self, event: &Value) -> String {
        let answer = self.post("/events", event).await;
        answer.created();
        answer.text("/id")
    }

    /// Creates a reward and answers its id.
    pub async fn create_reward(&self, reward: &Value) -> String {
        let answer = self.post("/rewards", reward).await;
        answer.created();
        answer.text("/reward/id")
    }

    /// An active event that anybody meets, with one reward of this stock; answers (event, reward).
    pub async fn create_open_event(&self, quantity: Option<i64>) -> (String, String) {
        let event = self.create_event(&programme::event(programme::anybody())).await;
        let reward = self.create_reward(&programme::reward(&event, quantity)).await;
        (event, reward)
    }

    /// Reports one activity.
    pub async fn report_activity(&self, activity: &Value) -> Answer {
        self.post("/activities", activity).await
    }

    /// Reports activities in one batch; each must be new.
    pub async fn report_activities(&self, activities: &[Value]) -> Answer {
        let answer = self.post("/activities/batch", &json!({"activities": activities})).await;
        answer.ok();
        assert!(answer.list("/results").iter().all(|result| result["status"] == 201), "a fact was refused: {answer}");
        answer
    }

    /// Asks for a reward as the member that is logged in.
    pub async fn claim(&self, reward: &str) -> Answer {
        self.post(&format!("/claims/{reward}/claim"), &json!({})).await
    }

    /// Asks for a reward as a service on behalf of a member.
    pub async fn claim_for(&self, reward: &str, member: &str) -> Answer {
        self.post(&format!("/claims/{reward}/claim"), &json!({"memberId": member})).await
    }

    /// As [`Client::claim_for`]; none when no answer came.
    pub async fn try_claim_for(&self, reward: &str, member: &str) -> Option<Answer> {
        self.try_post(&format!("/claims/{reward}/claim"), &json!({"memberId": member})).await
    }
}
