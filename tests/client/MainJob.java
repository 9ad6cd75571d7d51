// The main job, done with nothing but what a generator made of the API document: `MainJob URL`, where a service with demo
// accounts listens. It ends with 1 and says where, when an answer is not what the document promised.
//
// The generated classes do the checking: an enum they do not know, a type they did not expect and (see `strict`) a field
// that the document does not name are errors.

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.IntStream;
import ledger.ApiClient;
import ledger.ApiException;
import ledger.ApiResponse;
import ledger.api.ActivitiesApi;
import ledger.api.AuthApi;
import ledger.api.ClaimsApi;
import ledger.api.DashboardApi;
import ledger.api.EventsApi;
import ledger.model.*;

public final class MainJob {
    private final String url;

    private MainJob(String url) {
        this.url = url;
    }

    public static void main(String[] arguments) throws Exception {
        new MainJob(arguments[0]).run();
        System.out.println("the main job is done");
    }

    private void run() throws Exception {
        ApiClient operator = demo("operator");
        EventBody event = createEvent(operator);
        OneReward reward = new EventsApi(operator).createRewardOfEvent(event.getId(),
            new CreateRewardOfEventBody().name("A hundred points").amount(100).quantity(5)
                .type(CreateRewardOfEventBody.TypeEnum.POINT), key());
        equal(RewardType.POINT, reward.getReward().getType(), "the type of the reward");
        equal(5L, reward.getReward().getRemaining(), "what is left of the reward");

        Member member = signUp();
        Member other = signUp();
        reportDays(member.id, 3);
        reportDays(other.id, 2);

        ClaimsApi claims = new ClaimsApi(member.client);
        ApiResponse<AnswerBody> granted = claimOnce(claims, reward.getReward().getId());
        refusedAgain(claims, reward.getReward().getId());
        refusedForTooFewDays(new ClaimsApi(other.client), reward.getReward().getId());
        listed(claims, granted, event);
        found(operator, event);

        SummaryBody dashboard = new DashboardApi(operator).getDashboard(position(granted), null, null, null, "Asia/Seoul", null, null);
        holds(dashboard.getClaims().getGranted() >= 1, "the dashboard counts the grant: " + dashboard);
        holds(dashboard.getAsOf().getPosition() >= position(granted), "the dashboard is as of the claim: " + dashboard);
    }

    /** Three days in a row and never a refund: a tree, so that what holds itself is made, sent and read back. */
    private static EventBody createEvent(ApiClient operator) throws ApiException {
        Condition threeDays = new Condition().streak(new StreakLeaf().kind("visit").days(3));
        Condition refund = new Condition().count(new CountLeaf().kind("refund").count(1));
        Condition both = new Condition().all(List.of(threeDays, new Condition().not(refund)));
        OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
        EventBody event = new EventsApi(operator).createEvent(
            new CreateEventBody().name("Three days " + UUID.randomUUID()).condition(new ConditionInput(both))
                .startDate(now.minusDays(1).toString()).endDate(now.plusDays(30).toLocalDate().toString()), key());
        equal(both, event.getCondition(), "the condition as it was sent");
        equal(CampaignStatus.ACTIVE, event.getStatus(), "the status of the event");
        return event;
    }

    private void reportDays(UUID member, int days) throws ApiException {
        OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC).minusMinutes(1);
        List<ReportActivitiesBodyActivitiesInner> facts = IntStream.range(0, days)
            .mapToObj(ago -> new ReportActivitiesBodyActivitiesInner().source("shop").id(key()).memberId(member)
                .kind("visit").occurredAt(now.minusDays(ago)).timeZone("UTC").putMeasuresItem("minutes", 25L))
            .toList();
        ActivityResults results = new ActivitiesApi(demo("service")).reportActivities(new ReportActivitiesBody().activities(facts), key());
        for (ActivityResult result : results.getResults()) {
            equal(201, result.getStatus(), "a fact is recorded");
        }
    }

    private static ApiResponse<AnswerBody> claimOnce(ClaimsApi claims, UUID reward) throws ApiException {
        String key = key();
        ApiResponse<AnswerBody> granted = claims.claimRewardWithHttpInfo(reward, null, key, new ClaimRewardBody());
        equal(201, granted.getStatusCode(), "the status of a grant");
        ClaimBody claim = granted.getData().getClaim();
        equal(ClaimStatus.GRANTED, claim.getStatus(), "the claim");
        LeafEvidence streak = claim.getEvidence().get(0);
        equal("all[0]", streak.getPath(), "the path of the first leaf");
        equal(3L, streak.getHave().getLong(), "the days in a row");
        equal(claim.getPosition(), position(granted), "the position of the claim");
        ApiResponse<AnswerBody> again = claims.claimRewardWithHttpInfo(reward, null, key, new ClaimRewardBody());
        equal(granted.getData(), again.getData(), "the answer under the same key");
        equal(List.of("true"), again.getHeaders().get("idempotency-replayed"), "the mark of a repeated answer");
        return granted;
    }

    private static void refusedAgain(ClaimsApi claims, UUID reward) throws Exception {
        Problem problem = problem(409, () -> claims.claimReward(reward, null, null, new ClaimRewardBody()));
        equal("already_claimed", problem.getCode(), "the second claim");
    }

    private static void refusedForTooFewDays(ClaimsApi claims, UUID reward) throws Exception {
        Problem problem = problem(422, () -> claims.claimReward(reward, null, null, new ClaimRewardBody()));
        equal("condition_unmet", problem.getCode(), "the claim after two days");
        Problem invalid = problem(400, () -> claims.listOwnClaims(null, null, null, null, null, null, 201, null));
        equal("query.limit", invalid.getErrors().get(0).getField(), "the field that breaks a rule");
    }

    private static void listed(ClaimsApi claims, ApiResponse<AnswerBody> granted, EventBody event) throws ApiException {
        ClaimsPage page = claims.listOwnClaims(position(granted), "granted", null, null, null, null, 1, null);
        ListedClaim claim = page.getClaims().get(0);
        equal(granted.getData().getClaim().getId(), claim.getId(), "the claim in the list");
        equal(event.getName(), claim.getEvent().getName(), "the name of the event in the list");
        equal(null, page.getNextCursor(), "the cursor of the last page");
    }

    /** Page by page through the events to the one that was made. */
    private static void found(ApiClient operator, EventBody event) throws ApiException {
        String cursor = null;
        do {
            EventsBody page = new EventsApi(operator).listEvents(null, "active", 2, cursor);
            for (EventBody listed : page.getEvents()) {
                if (listed.getId().equals(event.getId())) {
                    equal(event.getCondition(), listed.getCondition(), "the condition in the list");
                    return;
                }
            }
            cursor = page.getNextCursor();
        } while (cursor != null);
        throw new AssertionError("the event is not in the list");
    }

    private record Member(UUID id, ApiClient client) {}

    private Member signUp() throws ApiException {
        String email = "client-" + UUID.randomUUID() + "@example.org";
        SignedUpBody account = new AuthApi(caller(null)).signUp(
            new SignUpBody().email(email).password("correct horse battery").birthDate(LocalDate.of(1995, 1, 1)), key());
        equal(Role.USER, account.getRole(), "the role of a new account");
        return new Member(account.getId(), logIn(email, "correct horse battery"));
    }

    private ApiClient demo(String name) throws ApiException {
        return logIn(name + "@example.com", "ledger-demo");
    }

    private ApiClient logIn(String email, String password) throws ApiException {
        SessionAnswer session = new AuthApi(caller(null)).logIn(new LogInBody().email(email).password(password));
        return caller(session.getAccessToken());
    }

    private ApiClient caller(String token) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(url);
        client.setObjectMapper(strict());
        if (token != null) {
            client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
        }
        return client;
    }

    /** No field that the document does not name, and no number taken for a yes. */
    @SuppressWarnings("deprecation") // its successor must be known before the mapper is built, and that is generated
    private static ObjectMapper strict() {
        return ApiClient.createDefaultObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .configure(MapperFeature.ALLOW_COERCION_OF_SCALARS, false);
    }

    private interface Call {
        void run() throws ApiException;
    }

    /** The problem document of a call that is refused with this status. Codes may bring further values, so fields are not counted. */
    private static Problem problem(int status, Call call) throws Exception {
        try {
            call.run();
        } catch (ApiException refused) {
            equal(status, refused.getCode(), "the status of a refusal " + refused.getResponseBody());
            Problem problem = ApiClient.createDefaultObjectMapper().readValue(refused.getResponseBody(), Problem.class);
            equal("/problems/" + problem.getCode(), problem.getType(), "the type of a problem");
            return problem;
        }
        throw new AssertionError("was not refused with " + status);
    }

    private static long position(ApiResponse<?> answer) {
        return Long.parseLong(answer.getHeaders().get("ledger-position").get(0));
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static void holds(boolean it, String what) {
        if (!it) {
            throw new AssertionError(what);
        }
    }

    private static void equal(Object wanted, Object found, String what) {
        if (!Objects.equals(wanted, found)) {
            throw new AssertionError(what + ": wanted " + wanted + ", found " + found);
        }
    }
}
