//! A browser without a script: it keeps cookies, says where its forms come from, and follows no redirect by itself.

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use super::{Service, client::PASSWORD};

/// Somebody before a browser.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    base: String,
    language: &'static str,
}

/// What a browser was answered.
#[derive(Debug, Clone)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The page as it came.
    pub html: String,
}

impl Browser {
    /// A browser that has seen nothing of the service yet.
    pub fn of(service: &Service) -> Browser {
        let http = reqwest::Client::builder().cookie_store(true).redirect(Policy::none()).no_proxy().build();
        Browser { http: http.expect("an HTTP client"), base: service.url(), language: "en" }
    }

    /// The same, which asks for Korean.
    pub fn korean(self) -> Browser {
        Browser { language: "ko", ..self }
    }

    /// Signs in by the form, with the password that the tests give to everybody.
    pub async fn signed_in(self, email: &str) -> Browser {
        self.sign_in(email, PASSWORD).await.leads_to("/ui");
        self
    }

    /// Signs in as an account of the demo: `member`, `operator` …
    pub async fn demo(self, name: &str) -> Browser {
        self.sign_in(&format!("{name}@example.com"), "ledger-demo").await.leads_to("/ui");
        self
    }

    /// Sends the form of the sign-in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Page {
        self.post("/ui/sign-in", &[("email", email), ("password", password), ("next", "/ui")]).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Page {
        self.page(self.http.get(format!("{}{path}", self.base)), path).await
    }

    /// A form as it is sent from a page of the service.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_from(&self.base, path, fields).await
    }

    /// A form as it is sent from a page of `origin`.
    pub async fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.http.post(format!("{}{path}", self.base)).header("origin", origin);
        let mut body = String::new();
        for (name, value) in fields {
            let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
            body.push_str(&format!("{}={}&", escape(name), escape(value)));
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        self.page(request, path).await
    }

    async fn page(&self, request: reqwest::RequestBuilder, path: &str) -> Page {
        let answer = request.header("accept-language", self.language).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("no answer to {path}: {error}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, html: answer.text().await.expect("a page is text") }
    }
}

impl Page {
    /// The page, if the status is this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Page {
        assert_eq!(self.status, status, "{}", self.html);
        self
    }

    /// The page of a 200.
    #[track_caller]
    pub fn ok(&self) -> &Page {
        self.expect(200)
    }

    /// Where a 303 leads, which begins with this.
    #[track_caller]
    pub fn leads_to(&self, start: &str) -> &str {
        self.expect(303);
        let location = self.headers["location"].to_str().expect("a path");
        assert!(location.starts_with(start), "{location}");
        location
    }

    /// Whether it holds a text as it stands in the source.
    pub fn says(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    /// The page, if it holds all of these texts.
    #[track_caller]
    pub fn says_all(&self, texts: &[&str]) -> &Page {
        for text in texts {
            assert!(self.says(text), "it does not say {text:?}: {}", self.html);
        }
        self
    }

    /// The value of the first field of this name.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let found =
            self.html.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next());
        found.unwrap_or_else(|| panic!("there is no field {name:?}: {}", self.html)).to_owned()
    }
}
