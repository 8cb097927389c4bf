// Scans of real mounts, in a mount namespace that goes with the test. All of it needs root.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "scanner/scan.h"
#include "tests/scanner/tree_fixture.h"
#include "tests/support/fuse_server.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using test::FuseServer;
using testing::ElementsAre;
using testing::IsEmpty;

class ScanMountsRealTest : public TreeTest {
 protected:
  void SetUp() override { REPO_NEEDS_ROOT(); }

  void make_directory(const std::string& name) { fs::create_directories(tree_ / name); }
  void mount_at(const std::string& source, const std::string& name, const char* type,
                unsigned long flags, const std::string& options = "") {
    make_directory(name);
    ASSERT_EQ(mount(source.c_str(), (tree_ / name).c_str(), type, flags, options.c_str()), 0)
        << name << ": " << std::strerror(errno);
  }
  void bind(const std::string& from, const std::string& to) {
    mount_at(tree_ / from, to, nullptr, MS_BIND);
  }

  std::string why(const ScanResult& result, const std::string& name) const {
    for (const Pruned& each : result.pruned) {
      if (each.path == tree_ / name) return each.why;
    }
    return "not pruned";
  }
};

TEST_F(ScanMountsRealTest, S6_ABindMountIsEnteredOnce) {
  make_hg("srv/a");
  with_mounts([this] {
    bind("srv", "alias");
    bind("srv/a", "deep/alias");
    const ScanResult result = scan_tree();
    EXPECT_THAT(below(result.repositories), ElementsAre("srv/a"));
    EXPECT_EQ(why(result, "alias"), "the same as " + (tree_ / "srv"));
    EXPECT_EQ(why(result, "deep/alias"), "the same as " + (tree_ / "srv/a"));
    EXPECT_TRUE(result.complete);
  });
}

TEST_F(ScanMountsRealTest, S6_APartThatIsBoundFromElsewhereBelongsToItsRepository) {
  make_hg("srv/a");
  with_mounts([this] {
    fs::rename(tree_ / "srv/a/.hg/store", tree_ / "big");
    bind("big", "srv/a/.hg/store");
    for (const bool one_file_system : {false, true}) {
      ScanOptions options;
      options.one_file_system = one_file_system;
      const ScanResult result = scan_tree(options);
      EXPECT_THAT(below(result.repositories), ElementsAre("srv/a"));
      EXPECT_TRUE(result.complete);
    }
  });
}

TEST_F(ScanMountsRealTest, S6_ATreeBoundIntoItselfEnds) {
  make_hg("l/repository");
  with_mounts([this] {
    make_directory("l/a");
    bind("l", "l/a");
    const ScanResult result = scan_tree();
    EXPECT_THAT(below(result.repositories), ElementsAre("l/repository"));
    EXPECT_TRUE(result.complete);
  });
}

TEST_F(ScanMountsRealTest, S6_ABindMountOnItselfIsEntered) {
  make_hg("srv/a");
  with_mounts([this] {
    bind("srv", "srv");
    const ScanResult result = scan_tree();
    EXPECT_THAT(below(result.repositories), ElementsAre("srv/a"));
  });
}

TEST_F(ScanMountsRealTest, S6_AnAliasOfWhatIsCoveredIsEntered) {
  make_hg("srv/a");
  with_mounts([this] {
    bind("srv", "kept");
    mount_at("tmpfs", "srv", "tmpfs", 0);
    EXPECT_THAT(below(scan_tree().repositories), ElementsAre("kept/a"));
  });
}

TEST_F(ScanMountsRealTest, S6_AnAliasOutsideTheRootIsEntered) {
  make_hg("srv/a");
  with_mounts([this] {
    bind("srv", "view/alias");
    EXPECT_THAT(below(scan_roots({tree_ / "view"}).repositories), ElementsAre("view/alias/a"));
  });
}

TEST_F(ScanMountsRealTest, ATmpfsIsEnteredAndWhatItCoversIsNotSeen) {
  make_hg("mnt/covered");
  with_mounts([this] {
    mount_at("tmpfs", "mnt", "tmpfs", 0);
    make_hg("mnt/seen");
    bind("mnt", "again");
    const ScanResult result = scan_tree();
    // Of two views of one disk the first by its path.
    EXPECT_THAT(below(result.repositories), ElementsAre("again/seen"));
    EXPECT_EQ(why(result, "mnt"), "the same as " + (tree_ / "again"));
  });
}

TEST_F(ScanMountsRealTest, OneFileSystemStopsAtMounts) {
  make_hg("here");
  with_mounts([this] {
    mount_at("tmpfs", "mnt", "tmpfs", 0);
    make_hg("mnt/there");
    ScanOptions options;
    options.one_file_system = true;
    const ScanResult result = scan_tree(options);
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    EXPECT_EQ(why(result, "mnt"), "another file system");
    EXPECT_TRUE(result.complete);
    EXPECT_THAT(below(scan_roots({tree_ / "mnt"}, options).repositories), ElementsAre("mnt/there"))
        << "a root on another file system is the one file system";
  });
}

TEST_F(ScanMountsRealTest, S14_ProcAndSysAreNotEntered) {
  make_hg("here");
  with_mounts([this] {
    mount_at("proc", "proc", "proc", 0);
    mount_at("sysfs", "sys", "sysfs", 0);
    const ScanResult result = scan_tree();
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    EXPECT_EQ(why(result, "proc"), "proc");
    EXPECT_EQ(why(result, "sys"), "sysfs");
    EXPECT_EQ(result.stats.directories, 2U) << "the root and the repository";
    EXPECT_TRUE(result.complete);
  });
}

TEST_F(ScanMountsRealTest, S14_ProcIsEnteredWhereItIsNamed) {
  const ScanResult result = scan_roots({"/proc/sys/kernel"});
  EXPECT_GT(result.stats.entries, 10U);
  EXPECT_THAT(result.pruned, IsEmpty());
}

TEST_F(ScanMountsRealTest, AnOverlayIsEntered) {
  with_mounts([this] {
    mount_at("tmpfs", "layers", "tmpfs", 0);
    make_hg("layers/lower/from-below");
    make_hg("layers/upper/from-above");
    make_directory("layers/work");
    mount_at("overlay", "view/merged", "overlay", 0,
             "lowerdir=" + (tree_ / "layers/lower") + ",upperdir=" + (tree_ / "layers/upper") +
                 ",workdir=" + (tree_ / "layers/work"));
    const ScanResult result = scan_roots({tree_ / "view"});
    EXPECT_THAT(below(result.repositories),
                ElementsAre("view/merged/from-above", "view/merged/from-below"));
    EXPECT_THAT(result.errors, IsEmpty());
  });
}

TEST_F(ScanMountsRealTest, S15_MountPointsWithOddNamesAreEntered) {
  const std::string odd = "odd name\n\t\\040\xFF#";
  with_mounts([this, &odd] {
    mount_at("tmpfs", odd, "tmpfs", 0);
    make_hg(odd + "/a");
    const ScanResult result = scan_tree();
    EXPECT_THAT(below(result.repositories), ElementsAre(odd + "/a"));
    EXPECT_THAT(result.errors, IsEmpty());
  });
}

TEST_F(ScanMountsRealTest, S15_ManyMountsAreAllEntered) {
  with_mounts([this] {
    constexpr int kMounts = 300;
    for (int i = 0; i < kMounts; ++i) {
      mount_at("tmpfs", "m/" + std::to_string(i), "tmpfs", 0);
      make_hg("m/" + std::to_string(i) + "/a");
    }
    const ScanResult result = scan_tree();
    EXPECT_EQ(result.repositories.size(), std::size_t{kMounts});
    EXPECT_TRUE(result.complete);
  });
}

// --- FUSE: a mount whose server never answers, and one whose server died ---

TEST_F(ScanMountsRealTest, S12_AServerThatNeverAnswersIsNotAsked) {
  make_hg("here");
  make_directory("hung");
  with_mounts([this] {
    const FuseServer fuse(tree_ / "hung", "fuse.hung", FuseServer::Answers::kNever);
    const ScanResult result = scan_tree();  // whoever touches it waits for ever
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    EXPECT_EQ(why(result, "hung"), "fuse.hung");
    EXPECT_TRUE(result.pruned[0].notable);
    EXPECT_TRUE(result.complete);
  });
}

TEST_F(ScanMountsRealTest, S13_AServerThatDiedIsAnErrorWhereItIsToBeEntered) {
  make_hg("here");
  make_directory("dead");
  with_mounts([this] {
    FuseServer fuse(tree_ / "dead", "fuse.dead", FuseServer::Answers::kAlways);
    fuse.die();
    ScanOptions options;
    options.fs_types = {"fuse.dead"};
    const ScanResult result = scan_tree(options);
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    ASSERT_THAT(below(result.errors), ElementsAre("dead"));
    EXPECT_EQ(result.errors[0].code, ENOTCONN);
    EXPECT_FALSE(result.complete);
  });
}

TEST_F(ScanMountsRealTest, S10_TheTypeOfAMountCannotStopTheManifestOrWriteToATerminal) {
  // Whoever may mount a FUSE chooses what stands behind "fuse.".
  make_hg("here");
  make_directory("odd");
  with_mounts([this] {
    const FuseServer fuse(tree_ / "odd", "fuse.\x1b[2J\xFF", FuseServer::Answers::kNever);
    ScanOptions options;
    options.jobs = 2;
    options.roots = {tree_.path()};
    options.output = "/dev/null";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> err(std::tmpfile(), std::fclose);
    int status = -1;
    EXPECT_NO_THROW(status = run_scan(options, stdout, err.get()));
    EXPECT_EQ(status, 0);
    std::rewind(err.get());
    for (int c = 0; (c = std::fgetc(err.get())) != EOF;) {
      ASSERT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F)) << "byte " << c;
    }
  });
}

// --- a damaged disk ---

TEST_F(ScanMountsRealTest, S3_ADirectoryWhoseBlockIsDamagedIsReportedAndItsSiblingsAreFound) {
  const std::string image = tree_ / "image";
  const UniqueFd file(open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(ftruncate(file.get(), 8 << 20), 0);
  test::must_run({"mkfs.ext4", "-q", "-O", "metadata_csum,^has_journal", image});
  with_mounts([&] {
    make_directory("disk");
    test::must_run({"mount", "-o", "loop", image, tree_ / "disk"});
    make_hg("disk/good");
    make_hg("disk/bad/inner");
    test::must_run({"umount", tree_ / "disk"});
    const std::string block = test::must_run({"debugfs", "-R", "blocks /bad", image});
    test::must_run({"dd", "if=/dev/urandom", "of=" + image, "bs=1024", "count=1", "conv=notrunc",
                    "seek=" + std::to_string(std::stoul(block)), "status=none"});
    test::must_run({"mount", "-o", "loop,errors=continue", image, tree_ / "disk"});
    const ScanResult result = scan_tree();
    EXPECT_THAT(below(result.repositories), ElementsAre("disk/good"));
    ASSERT_THAT(below(result.errors), ElementsAre("disk/bad"));
    EXPECT_THAT(result.errors[0].code, testing::AnyOf(EBADMSG, EUCLEAN, EIO));
    EXPECT_FALSE(result.complete);
    test::must_run({"umount", tree_ / "disk"});
  });
}

}  // namespace
}  // namespace repo
