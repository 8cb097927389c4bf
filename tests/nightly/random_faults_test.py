"""L3: calls of the C library fail at random (libfiu), one in a hundred or fewer."""
import os
import sys

from nightly import ThreeKinds, rounds, seeded

from faults import adopt_orphans, reap_orphans
from support import ENVIRONMENT, main, must

# Debian's fiu-run has no option for libfiu's seed. Its constructors run before this library's.
SEEDER = r"""
extern "C" int fiu_set_prng_seed(unsigned) __attribute__((weak));
extern "C" char* getenv(const char*);
extern "C" unsigned long strtoul(const char*, char**, int);
__attribute__((constructor)) static void seed() {
  const char* text = getenv("REPO_BACKUP_FIU_SEED");
  if (text && fiu_set_prng_seed) fiu_set_prng_seed(strtoul(text, nullptr, 10));
}
"""
POINTS = ["posix/io/*", "posix/io/rw/*", "posix/io/oc/*", "posix/io/dir/*", "posix/io/sync/*",
          "posix/io/rw/pread", "posix/io/rw/write", "posix/io/rw/write/reduce",
          "posix/io/rw/read/reduce", "posix/proc/*", "posix/mm/mmap"]
ERRORS = {"EIO": 5, "ENOSPC": 28, "EINTR": 4, "ENOMEM": 12, "EMFILE": 24}


def setUpModule():
    adopt_orphans()


class RandomFaultsTest(ThreeKinds):
    def setUp(self):
        super().setUp()
        self.addCleanup(reap_orphans)
        self.seeder = self.tmp / "seeder.so"
        must("g++", "-shared", "-fPIC", "-x", "c++", "-o", self.seeder, "-", input=SEEDER.encode())

    def test_L3_random_faults(self):
        count = rounds(300)
        rng = seeded("random faults", count)
        codes = {}
        for i in range(count):
            point = rng.choice(POINTS)
            probability = rng.choice((0.01, 0.01, 0.003, 0.001))
            error = rng.choice(list(ERRORS))
            seed = rng.randrange(1 << 32)
            with self.subTest(round=i, point=point, probability=probability, error=error,
                              seed=seed):
                code = self.round(point, probability, error, seed)
                codes[code] = codes.get(code, 0) + 1
            if i % 10 == 9:
                with self.subTest(round=i, what="the run after it"):
                    self.assert_next_run_is_good()
                self.everything_changes()
        print(f"exit codes: {codes}", file=sys.stderr, flush=True)
        self.assertGreater(codes.get(3, 0) + codes.get(1, 0), 0, "nothing ever failed")
        self.assert_next_run_is_good()

    def round(self, point, probability, error, seed):
        command = (f"enable_random name={point},probability={probability},"
                   f"failinfo={ERRORS[error]}")
        environment = {**ENVIRONMENT, "REPO_BACKUP_FIU_SEED": str(seed),
                       "LD_PRELOAD": str(self.seeder)}
        done = self.dump(self.manifest, "-j", "1", "--json", "--full", env=environment,
                         before=["fiu-run", "-f", "", "-x", "-c", command])
        self.assert_no_crash(done)
        self.assertIn(done.code, (0, 1, 2, 3, 11), f"{done}")
        self.assert_no_process_is_left()
        self.assert_told_is_true(done)
        if done.code == 0:
            self.assertEqual(done.json_lines()[-1]["copied"], 3)
        return done.code


if __name__ == "__main__":
    os.umask(0o077)
    main()
