"""What a run goes by: one manifest, whole, however it is exchanged meanwhile, and how old it is."""
import datetime
import hashlib
import json
import os
import threading

from support import TwoSvnCase, main


class UsedManifestTest(TwoSvnCase):
    def write(self, name, document):
        path = self.tmp / name
        path.write_text(json.dumps(document))
        return path

    def test_M8_a_manifest_that_is_exchanged_meanwhile_is_one_or_the_other(self):
        versions = {}
        for i, item in enumerate(self.document["repositories"]):
            text = json.dumps(self.document | {"repositories": [item]})
            versions[hashlib.sha256(text.encode()).hexdigest()] = (text, item["path"])
        over = threading.Event()

        def exchange():
            while not over.is_set():
                for text, _ in versions.values():
                    other = self.tmp / "other.json"
                    other.write_text(text)
                    os.rename(other, self.manifest)

        writer = threading.Thread(target=exchange)
        writer.start()
        try:
            for i in range(15):
                self.to = self.tmp / f"to{i}"  # else what the other one has would be gone
                self.assert_code(self.dump(self.manifest), 0)
                record = self.last_run()
                _, path = versions[record["manifest"]["sha256"]]
                self.assertEqual([item["path"] for item in record["items"]], [path])
        finally:
            over.set()
            writer.join()

    def test_M10_an_old_manifest_is_told_and_recorded(self):
        for age, told in ((datetime.timedelta(hours=47), False), (datetime.timedelta(days=10), True)):
            with self.subTest(age=age):
                then = datetime.datetime.now(datetime.timezone.utc) - age
                finished = then.strftime("%Y-%m-%dT%H:%M:%SZ")
                done = self.dump(self.write("old.json", self.document | {"finished": finished}), "-q")
                self.assert_code(done, 0)
                self.assertEqual("the manifest is 10 days old" in done.message, told, f"{done}")
                self.assertEqual(self.last_run()["manifest"]["finished"], finished)

    def test_M10_what_an_old_manifest_has_and_is_gone_is_not_passed_over(self):
        self.document["finished"] = "2020-01-01T00:00:00Z"
        self.document["repositories"][0]["inode"] += 1
        self.assert_code(self.dump(self.write("old.json", self.document)), 3)


if __name__ == "__main__":
    main()
