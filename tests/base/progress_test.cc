#include "base/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <thread>

#include "base/print.h"

namespace repo {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What is written to a stream.
class Written {
 public:
  Written() : stream_(open_memstream(&text_, &size_)) {}
  ~Written() {
    std::fclose(stream_);
    std::free(text_);
  }
  std::FILE* stream() const { return stream_; }
  std::string text() const {
    std::fflush(stream_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* stream_;
};

std::string as_numbers(const ProgressCounts& counts) {
  return std::to_string(counts.done) + "/" + std::to_string(counts.total) + " " +
         std::to_string(counts.bytes);
}

TEST(ProgressTest, NothingIsWrittenWhereItIsNotShown) {
  const Written out;
  {
    Progress progress(out.stream(), false, as_numbers);
    progress.begin(3);
    progress.add_bytes(10);
    progress.add_done();
    progress.around([&] { put(out.stream(), "a line\n"); });
  }
  EXPECT_EQ(out.text(), "a line\n");
}

TEST(ProgressTest, TheLineIsAwayWhileOthersWriteAndAtTheEnd) {
  const Written out;
  {
    Progress progress(out.stream(), true, as_numbers);
    progress.begin(3);
    EXPECT_THAT(out.text(), EndsWith("\r0/3 0\033[K"));
    progress.around([&] {
      EXPECT_THAT(out.text(), EndsWith("\r\033[K"));
      put(out.stream(), "a line\n");
    });
    progress.add_done();  // may be drawn at once: it is not there
    EXPECT_THAT(out.text(), EndsWith("a line\n\r1/3 0\033[K"));
  }
  EXPECT_THAT(out.text(), EndsWith("1/3 0\033[K\r\033[K"));
}

TEST(ProgressTest, ManyCallsDrawFewLinesAndCountAll) {
  const Written out;
  Progress progress(out.stream(), true, as_numbers);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 10'000; ++k) progress.add_bytes(1);
      });
    }
  }
  EXPECT_LT(out.text().size(), 40'000U);
  progress.around([] {});
  progress.add_done();
  EXPECT_THAT(out.text(), EndsWith("\r1/0 40000\033[K"));
}

TEST(ProgressTest, ALineIsCutToTheTerminal) {
  const Written out;
  Progress progress(out.stream(), true,
                    [](const ProgressCounts&) { return std::string(500, 'x'); });
  progress.begin(1);
  EXPECT_THAT(out.text(),
              EndsWith("\r" + std::string(25, 'x') + "..." + std::string(51, 'x') + "\033[K"));
}

TEST(ProgressTest, AutoMeansATerminal) {
  int parent = -1;
  int child = -1;
  ASSERT_EQ(openpty(&parent, &child, nullptr, nullptr, nullptr), 0);
  std::FILE* terminal = fdopen(child, "w");
  std::FILE* file = std::tmpfile();
  EXPECT_TRUE(shows_progress(ShowProgress::kAuto, terminal));
  EXPECT_FALSE(shows_progress(ShowProgress::kNever, terminal));
  EXPECT_FALSE(shows_progress(ShowProgress::kAuto, file));
  EXPECT_TRUE(shows_progress(ShowProgress::kAlways, file));
  std::fclose(terminal);
  std::fclose(file);
  close(parent);
}

}  // namespace
}  // namespace repo
