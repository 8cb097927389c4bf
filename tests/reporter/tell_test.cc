// Who is told, and what becomes of a channel that fails.
#include "reporter/tell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/reporter/report_support.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using test::ago;
using test::findings_of;
using test::good_records;
using test::kNow;
using test::report_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Report good_report() { return report_of(good_records()); }
Report bad_report() {
  Records records = good_records();
  records.runs.front().run.items.front() = test::result_of(records.items[0], ItemStatus::kFailed);
  return report_of(records);
}

ChannelMemory memory(const std::string& digest) {
  return {"mail to admin", digest, ago(24h), std::nullopt, std::nullopt, ""};
}
// It was told two days ago, and has not taken an alert since yesterday.
ChannelMemory owing(const std::string& digest, const std::string& error) {
  return {"mail to admin", digest, ago(48h), ago(24h), ago(24h), error};
}

// What a channel remembers of the report before.
enum class Memory { kNone, kSame, kOther, kOwes };

struct DueCase : test::NamedCase {
  When when;
  bool is_good;
  Memory memory;
  bool is_due;
};

class DueTest : public testing::TestWithParam<DueCase> {};

TEST_P(DueTest, IsDue) {
  const Report report = GetParam().is_good ? good_report() : bad_report();
  const std::string digest = digest_of(state_of(report));
  Told told;
  switch (GetParam().memory) {
    case Memory::kNone:
      break;
    case Memory::kSame:
      told.channels["mail"] = memory(digest);
      break;
    case Memory::kOther:
      told.channels["mail"] = memory(digest_of({{"x", "y"}}));
      break;
    case Memory::kOwes:
      told.channels["mail"] = owing(digest, "no");
      break;
  }
  const Channel channel{"mail", "admin", "mail", false, GetParam().when, {}, {}};
  EXPECT_EQ(is_due(channel, report, told), GetParam().is_due);
}

using enum Memory;

INSTANTIATE_TEST_SUITE_P(
    Channels, DueTest,
    testing::Values(DueCase{"always_good", When::kAlways, true, kSame, true},
                    DueCase{"always_bad", When::kAlways, false, kSame, true},
                    DueCase{"success_good", When::kSuccess, true, kSame, true},
                    DueCase{"success_bad", When::kSuccess, false, kSame, false},
                    DueCase{"success_bad_first", When::kSuccess, false, kNone, false},
                    DueCase{"success_bad_owes", When::kSuccess, false, kOwes, true},
                    DueCase{"failure_good", When::kFailure, true, kSame, false},
                    DueCase{"failure_good_first", When::kFailure, true, kNone, false},
                    DueCase{"failure_good_other", When::kFailure, true, kOther, false},
                    DueCase{"failure_good_owes", When::kFailure, true, kOwes, true},
                    DueCase{"failure_bad", When::kFailure, false, kSame, true},
                    DueCase{"failure_bad_first", When::kFailure, false, kNone, true},
                    DueCase{"change_good_first", When::kChange, true, kNone, true},
                    DueCase{"change_good_same", When::kChange, true, kSame, false},
                    DueCase{"change_good_other", When::kChange, true, kOther, true},
                    DueCase{"change_good_owes", When::kChange, true, kOwes, true},
                    DueCase{"change_bad_first", When::kChange, false, kNone, true},
                    DueCase{"change_bad_same", When::kChange, false, kSame, false},
                    DueCase{"change_bad_other", When::kChange, false, kOther, true},
                    DueCase{"change_bad_owes", When::kChange, false, kOwes, true}),
    test::case_name);

TEST(OwedTest, WhatAnotherChannelOwesIsNotThisOnesMatter) {
  Told told;
  told.channels["ping"] = owing("", "no");
  EXPECT_FALSE(
      is_due({"mail", "admin", "mail", false, When::kFailure, {}, {}}, good_report(), told));
}

// Channels that write down what they were told.
class TellTest : public testing::Test {
 protected:
  // `answers`: whether it takes the first, the second …; then as the last.
  Channel channel(const std::string& name, When when = When::kAlways,
                  std::vector<bool> answers = {true}) {
    return {name,
            "to-" + name,
            name,
            false,
            when,
            [this, name, answers](const Report& report, const auto& changes) -> Delivery {
              std::vector<std::string>& heard = heard_[name];
              const std::size_t turn = std::min(heard.size(), answers.size() - 1);
              heard.push_back(report.headline);
              changes_ = changes.size();
              if (answers[turn]) return "taken " + std::to_string(heard.size());
              return plain_error("reach", name, "it is down");
            },
            {}};
  }
  std::vector<std::string> tell(const std::vector<Channel>& channels, bool is_forced = false) {
    std::vector<std::string> lines;
    tellings_ = tell_all(channels, report_, told_, {{kNow, "a", "b", false}}, is_forced);
    for (const Telling& telling : tellings_) {
      lines.push_back(telling.channel + " " + telling.where + " " +
                      (telling.delivery ? *telling.delivery : "FAILED"));
    }
    return lines;
  }

  Report report_ = good_report();
  Told told_;
  std::vector<Telling> tellings_;
  std::map<std::string, std::vector<std::string>> heard_;
  std::size_t changes_ = 0;
};

TEST_F(TellTest, ThoseThatAreDueAreToldOnceInTheirOrder) {
  EXPECT_THAT(tell({channel("mail"), channel("feed"), channel("ping", When::kFailure)}),
              ElementsAre("mail to-mail taken 1", "feed to-feed taken 1"));
  EXPECT_THAT(heard_["ping"], IsEmpty());
  EXPECT_EQ(changes_, 1u);
  EXPECT_TRUE(report_.is_good());
  EXPECT_EQ(report_.headline, good_report().headline);
}

TEST_F(TellTest, ForcedAllAreTold) {
  EXPECT_THAT(tell({channel("mail", When::kFailure), channel("ping", When::kFailure)}, true),
              ElementsAre("mail to-mail taken 1", "ping to-ping taken 1"));
}

TEST_F(TellTest, AChannelThatFailsIsToldThroughAllOthers) {
  EXPECT_THAT(tell({channel("html"), channel("mail", When::kAlways, {false}),
                    channel("syslog", When::kFailure), channel("feed", When::kChange)}),
              testing::UnorderedElementsAre("html to-html taken 2", "mail to-mail FAILED",
                                            "syslog to-syslog taken 1", "feed to-feed taken 2"));
  EXPECT_EQ(heard_["mail"].size(), 1u) << "it has just failed";
  for (const char* other : {"html", "syslog", "feed"}) {
    EXPECT_THAT(heard_[other].back(),
                AllOf(HasSubstr("mail"), HasSubstr("to-mail"), HasSubstr("it is down"),
                      HasSubstr(good_report().headline)));
  }
  EXPECT_THAT(findings_of(report_.findings), ElementsAre("undelivered mail FAILED"));
  EXPECT_FALSE(report_.is_good());
}

TEST_F(TellTest, TwoThatFailAreBothTold) {
  tell({channel("mail", When::kAlways, {false}), channel("html"),
        channel("ping", When::kAlways, {false})});
  EXPECT_THAT(findings_of(report_.findings),
              ElementsAre("undelivered mail FAILED", "undelivered ping FAILED"));
  EXPECT_EQ(heard_["html"].size(), 2u);
  EXPECT_EQ(heard_["mail"].size() + heard_["ping"].size(), 2u);
}

TEST_F(TellTest, ThereAreTwoRoundsAtMost) {
  EXPECT_THAT(tell({channel("html", When::kAlways, {true, false}),
                    channel("mail", When::kAlways, {false}), channel("ping")}),
              ElementsAre("html to-html FAILED", "mail to-mail FAILED", "ping to-ping taken 2"));
  EXPECT_EQ(heard_["html"].size(), 2u);
  EXPECT_EQ(heard_["mail"].size(), 1u);
  EXPECT_EQ(heard_["ping"].size(), 2u);
}

TEST_F(TellTest, WhereAllFailNobodyIsToldTwice) {
  tell({channel("mail", When::kAlways, {false}), channel("ping", When::kAlways, {false})});
  EXPECT_EQ(heard_["mail"].size(), 1u);
  EXPECT_EQ(heard_["ping"].size(), 1u);
}

TEST_F(TellTest, WhatWasToldAndWhatIsOwedIsRemembered) {
  told_.channels["html"] = owing("before", "disk full");
  told_.channels["mail"] = memory("before");
  told_.channels["prometheus"] = memory("before");
  tell({channel("html"), channel("mail", When::kAlways, {false})});
  remember(tellings_, "now", kNow, told_);
  EXPECT_EQ(told_.channels["html"].state, "now");
  EXPECT_EQ(told_.channels["html"].told, kNow);
  EXPECT_FALSE(told_.channels["html"].failing_since) << "it has taken one";
  EXPECT_EQ(told_.channels["html"].error, "");
  EXPECT_EQ(told_.channels["mail"].state, "before") << "it has not heard of this one";
  EXPECT_EQ(told_.channels["mail"].told, ago(24h));
  EXPECT_EQ(told_.channels["mail"].failing_since, kNow);
  EXPECT_THAT(told_.channels["mail"].error, HasSubstr("it is down"));
  EXPECT_EQ(told_.channels["prometheus"].state, "before");

  tell({channel("mail", When::kAlways, {false})});
  remember(tellings_, "later", kNow + 24h, told_);
  EXPECT_EQ(told_.channels["mail"].failing_since, kNow) << "since the first one";
}

TEST_F(TellTest, WhatAChannelOwesIsToldByTheOthersUntilItIsTried) {
  told_.channels["mail"] = owing("x", "send: said \x1b[1m no");
  told_.channels["html"] = memory("x");
  told_.changes = {{ago(30h), "early", "before that", false}, {ago(20h), "late", "rot", false}};
  add_owed(told_, {channel("html")}, {"mail", "html"}, 1h, report_);
  ASSERT_THAT(findings_of(report_.findings), ElementsAre("undelivered mail FAILED"));
  EXPECT_THAT(report_.findings[0].text,
              AllOf(HasSubstr(rfc3339(ago(24h))), HasSubstr("said \\x1b[1m no")));
  EXPECT_THAT(report_.findings[0].output,
              AllOf(HasSubstr("rot"), testing::Not(HasSubstr("before that"))));
  EXPECT_THAT(report_.findings[0].todo, HasSubstr("--self-test"));
  EXPECT_THAT(report_.headline, HasSubstr("were not delivered"));

  report_ = good_report();
  add_owed(told_, {channel("html"), channel("mail")}, {"mail", "html"}, 1h, report_);
  EXPECT_THAT(findings_of(report_.findings), ElementsAre("undelivered mail note"));
  EXPECT_TRUE(report_.is_good()) << "it is tried now";
}

TEST_F(TellTest, AChannelThatIsNotConfiguredAnyMoreOwesNothing) {
  told_.channels["mail"] = owing("x", "no");
  add_owed(told_, {channel("html")}, {"html"}, 48h, report_);
  EXPECT_TRUE(report_.is_good());
}

TEST_F(TellTest, WhereNoneIsConfiguredOldTrialsOweNothing) {
  told_.channels["mail"] = owing("x", "no");  // tried a day ago
  add_owed(told_, {}, {}, 23h, report_);
  EXPECT_TRUE(report_.is_good());
  add_owed(told_, {}, {}, 25h, report_);
  EXPECT_THAT(findings_of(report_.findings), ElementsAre("undelivered mail FAILED"));
}

TEST_F(TellTest, AnExceptionInAChannelIsItsFailure) {
  Channel broken = channel("mail");
  broken.tell = [](const Report&, const auto&) -> Delivery { throw std::runtime_error("odd"); };
  EXPECT_THAT(tell({broken, channel("feed")}),
              ElementsAre("mail to-mail FAILED", "feed to-feed taken 2"));
}

TEST_F(TellTest, AFailureStandsBeforeNotes) {
  report_.findings.push_back({Severity::kNote, "new", "new: /srv/b"});
  told_.channels["mail"] = owing("x", "no");
  add_owed(told_, {}, {"mail"}, 1h, report_);
  EXPECT_THAT(findings_of(report_.findings), ElementsAre("undelivered mail FAILED", "new note"));
}

}  // namespace
}  // namespace repo
