// The report as a mail.
#include "reporter/mail_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reporter/text.h"
#include "tests/reporter/render_support.h"

namespace repo {
namespace {

using test::count_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(MailTextTest, TheSubjectIsTheAnswer) {
  EXPECT_EQ(mail_subject_of(test::rendered_good_report()),
            "OK web1: all 2 items restorable, oldest proof 1 hour");
  EXPECT_THAT(mail_subject_of(test::rendered_failed_report()),
              StartsWith("FAILED web1: 1 of 2 items"));
  EXPECT_THAT(mail_subject_of(test::test_report()), StartsWith("TEST of repo-report --self-test"));
}

TEST(MailTextTest, ALongSubjectIsCutAtACharacter) {
  Report report = test::rendered_good_report();
  for (std::size_t length = 120; length < 130; ++length) {
    report.headline = std::string(length, 'x');
    for (int i = 0; i < 40; ++i) report.headline += "\xE2\x82\xAC";
    const std::string subject = mail_subject_of(report);
    EXPECT_LT(subject.size(), 200u);
    EXPECT_TRUE(is_utf8(subject)) << subject;
    EXPECT_THAT(subject, testing::EndsWith(" ..."));
  }
}

TEST(MailTextTest, APageSaysWhatToDo) {
  const std::string html = mail_html_of(test::rendered_failed_report());
  EXPECT_THAT(html, AllOf(HasSubstr("What to do"), HasSubstr("svn /srv/a"),
                          HasSubstr("svnadmin: E160004: broken"),
                          HasSubstr("first\nE160004: broken\n</pre>")));
  EXPECT_THAT(mail_html_of(test::rendered_good_report()), Not(HasSubstr("What to do")));
  EXPECT_THAT(mail_html_of(test::rendered_good_report()),
              AllOf(HasSubstr("/srv/a"), HasSubstr("/srv/b"), HasSubstr("1000 B")));
  EXPECT_THAT(mail_html_of(test::test_report()), HasSubstr(">TEST of repo-report"));
}

TEST(MailTextTest, AThousandFailuresAreOneDigest) {
  const std::string html = mail_html_of(test::many_failures());
  EXPECT_EQ(count_of(html, "E160004"), kMostLines);
  EXPECT_THAT(html, HasSubstr("and " + std::to_string(5000 - kMostLines) + " more"));
  EXPECT_THAT(html, HasSubstr("and 4800 more"));
  EXPECT_LT(html.size(), 250'000u);
}

TEST(MailTextTest, NamesFromOutsideAreHarmless) {
  const Report report = test::nasty_report();
  EXPECT_EQ(test::raw_in(mail_subject_of(report)), "");
  EXPECT_EQ(mail_subject_of(report).find('\n'), std::string::npos);
  const std::string html = mail_html_of(report);
  EXPECT_EQ(test::raw_in(html), "");
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(html, HasSubstr("&quot;&#39;"));
  EXPECT_EQ(count_of(html, "'<b>"), 0u);
  EXPECT_EQ(count_of(html, "<script") + count_of(html, "<style>"), 0u);
}

}  // namespace
}  // namespace repo
