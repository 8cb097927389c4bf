// A real rsyslogd on a socket of its own, which stands at /dev/log for a child of the test alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <regex>

#include "base/stop_signal.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "reporter/syslog.h"
#include "tests/support/background.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Asks again whenever something in `folder` has changed, for half a minute.
bool wait_until(const std::string& folder, const std::function<bool()>& happened) {
  using Clock = std::chrono::steady_clock;
  const UniqueFd changes(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  EXPECT_GE(inotify_add_watch(changes.get(), folder.c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO),
            0)
      << std::strerror(errno);
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(30);
  while (!happened()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    struct pollfd watched = {changes.get(), POLLIN, 0};
    if (left <= 0 || poll(&watched, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 4096> read_away{};
    while (read(changes.get(), read_away.data(), read_away.size()) > 0) {
    }
  }
  return true;
}

class SyslogTest : public testing::Test {
 protected:
  void SetUp() override { REPO_NEEDS_ROOT(); }

  std::string socket_path() const { return tree_ / "socket"; }

  struct sockaddr_un address() const {
    struct sockaddr_un all = {};
    all.sun_family = AF_UNIX;
    std::strncpy(all.sun_path, socket_path().c_str(), sizeof all.sun_path - 1);
    return all;
  }

  // A socket that is there and is not read.
  UniqueFd listen_on(int kind) const {
    UniqueFd fd(socket(AF_UNIX, kind | SOCK_CLOEXEC, 0));
    const struct sockaddr_un where = address();
    const void* raw = &where;
    EXPECT_EQ(bind(fd.get(), static_cast<const struct sockaddr*>(raw), sizeof where), 0)
        << std::strerror(errno);
    if (kind == SOCK_STREAM) {
      EXPECT_EQ(listen(fd.get(), 1), 0);
    }
    return fd;
  }

  // Runs `body` where /dev/log is our socket, whether there is one or not.
  void where_it_is_dev_log(const std::function<void()>& body) {
    test::in_child([&] {
      test::enter_private_mount_namespace();
      const std::string dev = tree_ / "dev";
      ASSERT_EQ(mkdir(dev.c_str(), 0755), 0);
      test::write_file(dev + "/null", "");
      ASSERT_EQ(mount("/dev/null", (dev + "/null").c_str(), nullptr, MS_BIND, nullptr), 0);
      std::filesystem::create_symlink(socket_path(), dev + "/log");
      ASSERT_EQ(mount(dev.c_str(), "/dev", nullptr, MS_BIND | MS_REC, nullptr), 0)
          << std::strerror(errno);
      body();
    });
    std::filesystem::remove_all(tree_ / "dev");
  }

  test::Background start_rsyslogd() {
    test::write_file(tree_ / "conf", "global(workDirectory=\"" + tree_.path() +
                                         "\")\n"
                                         "module(load=\"imuxsock\" SysSock.Use=\"off\")\n"
                                         "input(type=\"imuxsock\" Socket=\"" +
                                         socket_path() +
                                         "\" CreatePath=\"off\" RateLimit.Interval=\"0\")\n"
                                         "action(type=\"omfile\" File=\"" +
                                         tree_ / "log" +
                                         "\" Template=\"RSYSLOG_SyslogProtocol23Format\")\n");
    test::Background daemon({"/usr/sbin/rsyslogd", "-n", "-f", tree_ / "conf", "-i", tree_ / "pid"},
                            tree_ / "errors");
    EXPECT_TRUE(wait_until(tree_.path(), [&] { return std::filesystem::exists(socket_path()); }))
        << test::read_file(tree_ / "errors");
    return daemon;
  }

  // What the daemon has written once the line with `last` is there.
  std::vector<std::string> lines_up_to(const std::string& last) {
    std::string text;
    EXPECT_TRUE(wait_until(tree_.path(), [&] {
      text = test::read_file(tree_ / "log");
      const std::size_t at = text.find(last);
      return at != std::string::npos && text.find('\n', at) != std::string::npos;
    })) << text;
    std::vector<std::string> lines;
    for (std::string_view rest = text; !rest.empty();) lines.emplace_back(take_line(rest));
    return lines;
  }

  test::TempDir tree_;
};

TEST_F(SyslogTest, HostileNamesArriveAsOneHarmlessLineEach) {
  const test::Background daemon = start_rsyslogd();
  const std::vector<SyslogLine> sent = {
      {LOG_ERR, "FAILED /srv/%s%n%d"},
      {LOG_WARNING, "/srv/a\nNov 27 06:13:26 host kernel: forged"},
      {LOG_INFO, "/srv/\x1b[2J\a\r\xff<0>"},
      {LOG_INFO, "größer 😀"},
      {LOG_INFO, std::string(2047, 'x') + "ä"},
      {LOG_INFO, ""},
      {LOG_NOTICE, "the end"}};
  where_it_is_dev_log([&] {
    const Delivery delivery = send_to_syslog(sent);
    ASSERT_TRUE(delivery) << describe(delivery.error());
    EXPECT_EQ(*delivery, "7 lines handed to /dev/log");
  });
  const std::vector<std::string> got = lines_up_to("the end");
  ASSERT_GE(got.size(), 6U);  // the daemon drops an empty one
  ASSERT_LE(got.size(), 7U);
  const std::regex form(R"(<(\d+)>1 \S+ \S+ repo-report \d+ - -\s.*)");
  for (const std::string& line : got) EXPECT_TRUE(std::regex_match(line, form)) << line;
  EXPECT_THAT(got[0], AllOf(testing::StartsWith("<27>1 "), HasSubstr("FAILED /srv/%s%n%d")));
  EXPECT_THAT(got[1], AllOf(testing::StartsWith("<28>1 "), HasSubstr("/srv/a\\nNov 27")));
  EXPECT_THAT(got[2], HasSubstr("/srv/\\x1b[2J\\x07\\x0d\\xff<0>"));
  EXPECT_THAT(got[3], HasSubstr("größer 😀"));
  EXPECT_THAT(got[4], testing::EndsWith(' ' + std::string(2047, 'x')));
  EXPECT_THAT(got.back(), testing::StartsWith("<29>1 "));
}

TEST_F(SyslogTest, ThousandsOfLinesArrive) {
  const test::Background daemon = start_rsyslogd();
  std::vector<SyslogLine> sent(5000, {LOG_INFO, "an item"});
  sent.push_back({LOG_INFO, "the end"});
  where_it_is_dev_log([&] { EXPECT_TRUE(send_to_syslog(sent)); });
  EXPECT_EQ(lines_up_to("the end").size(), sent.size());
}

TEST_F(SyslogTest, NoDaemonIsAnError) {
  where_it_is_dev_log([] {
    const Delivery delivery = send_to_syslog({{LOG_INFO, "x"}});
    ASSERT_FALSE(delivery);
    EXPECT_THAT(describe(delivery.error()), AllOf(HasSubstr("/dev/log"), HasSubstr("no syslog")));
  });
}

TEST_F(SyslogTest, ASocketThatADeadDaemonLeftIsAnError) {
  listen_on(SOCK_DGRAM).reset();
  where_it_is_dev_log([] { EXPECT_FALSE(send_to_syslog({{LOG_INFO, "x"}})); });
}

TEST_F(SyslogTest, AStreamSocketIsTakenToo) {
  const UniqueFd daemon = listen_on(SOCK_STREAM);
  where_it_is_dev_log([] {
    const Delivery delivery = send_to_syslog({});
    EXPECT_TRUE(delivery) << describe(delivery.error());
  });
}

TEST_F(SyslogTest, ADaemonThatDoesNotReadIsNotWaitedForForEver) {
  const UniqueFd daemon = listen_on(SOCK_DGRAM);
  where_it_is_dev_log([] {
    const Delivery delivery =
        send_to_syslog(std::vector<SyslogLine>(5000, {LOG_INFO, std::string(2000, 'x')}), 100);
    ASSERT_FALSE(delivery);
    EXPECT_THAT(describe(delivery.error()),
                AllOf(HasSubstr("does not read"), HasSubstr("of 5000 lines")));
  });
}

}  // namespace
}  // namespace repo
