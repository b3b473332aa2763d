import json
import unittest

from binary import BinaryTest


class Data(BinaryTest):
    def make(self):
        self.stoker("data", "make", "shapes", "--out", "shapes", "--images", "60")

    def test_made_shapes_are_a_folder_that_trains(self):
        self.make()
        self.stoker("train", "tiny.yaml", "data.format=image_folder", "data.root=shapes",
                    "train.max_steps=2")

    def test_inspect_counts_and_draws(self):
        self.make()
        out, _ = self.stoker("data", "inspect", "shapes/train", "--json")
        result = json.loads(out)
        self.assertEqual(result["images"], 60)
        self.stoker("data", "inspect", "shapes/train", "--sheet", "sheet.png")
        self.assertEqual((self.folder / "sheet.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_augmented_samples_are_drawn_by_the_training_pipeline(self):
        self.make()
        list_of_steps = "augment=[{color_jitter: {hue: 0.1}}, random_erasing]"
        self.stoker("data", "inspect", "--augment", "tiny.yaml", "data.format=image_folder",
                    "data.root=shapes", list_of_steps, "--sheet", "augment.png", "--samples", "2",
                    "--draws", "3")
        self.assertEqual((self.folder / "augment.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        _, err = self.stoker("data", "inspect", "--augment", "tiny.yaml", "shapes", expect=2)
        self.assertIn("shapes", err)
        _, err = self.stoker("data", "inspect", expect=2)
        self.assertIn("--augment CONFIG", err)

    def test_a_list_that_one_pass_cannot_do_is_refused(self):
        _, err = self.stoker("train", "tiny.yaml", "augment=[random_invert, flip]", expect=2)
        self.assertIn("flip comes after random_invert", err)

    def test_verify_lists_every_unreadable_file(self):
        self.make()
        self.stoker("data", "verify", "shapes/train")
        images = sorted((self.folder / "shapes" / "train").rglob("*.png"))
        images[3].write_bytes(images[3].read_bytes()[:100])
        images[7].write_bytes(b"")
        out, err = self.stoker("data", "verify", "shapes/train", expect=3)
        for image in (images[3], images[7]):
            self.assertIn(image.name, out + err)

    def test_unreadable_images_stop_training_or_are_counted(self):
        self.make()
        image = next((self.folder / "shapes" / "train").rglob("*.png"))
        image.write_bytes(b"nothing")
        training = ["train", "tiny.yaml", "data.format=image_folder", "data.root=shapes"]
        _, err = self.stoker(*training, expect=3)
        self.assertIn(image.name, err)
        _, err = self.stoker(*training, "data.on_error=skip")
        self.assertIn("skipped", err)
        self.assertIn(image.name, err)

    def test_a_config_without_a_format_says_what_to_write(self):
        self.make()
        (self.folder / "empty.yaml").write_text("")
        (self.folder / "rootless.yaml").write_text("model: {name: mlp, hidden: [8]}\n")
        (self.folder / "root.yaml").write_text("data: {root: shapes}\n")
        for config in ("empty", "rootless", "root"):
            for verb in (["config", "check"], ["train"]):
                _, err = self.stoker(*verb, f"{config}.yaml", expect=2)
                self.assertIn(f"{config}.yaml: data.format is missing", err)
                self.assertIn("format: image_folder, root: " +
                              ("shapes" if config == "root" else "photos"), err)

    def test_validation_from_the_training_set(self):
        self.make()
        words = ["train", "tiny.yaml", "data.format=image_folder", "data.root=shapes/train",
                 "data.train=."]
        _, err = self.stoker(*words, expect=3)
        self.assertIn("data.split: {val: 0.1}", err)
        out, _ = self.stoker(*words, "data.split={val: 0.34}", "--dry-run")
        self.assertIn("40 training and 20 validation images", out)
        _, err = self.stoker(*words, "data.fold=2/3", "train.max_steps=1")
        self.assertIn("40 training and 20 validation images", err)
        _, err = self.stoker(*words, "data.fold=3/3", "--resume", "runs/tiny/1", expect=2)
        self.assertIn("data.fold", err)

    def test_doubtful_labels_are_said(self):
        self.make()
        images = sorted((self.folder / "shapes/train").rglob("*.png"))
        rows = [f"{image},{1 + i % 2}" for i, image in enumerate(images)]
        (self.folder / "one.csv").write_text("path,label\n" + "\n".join(rows) + "\n")
        words = ["train", "tiny.yaml", "data.format=csv", "data.root=.", "data.train=one.csv",
                 "train.max_steps=1"]
        _, err = self.stoker(*words, "data.val=one.csv")
        self.assertIn("1 of its 3 classes have no image", err)
        self.assertIn("from 0 on", err)
        self.assertIn("60 of its 60 images are training images too", err)
        (self.folder / "one.csv").write_text(f"path,label\n{images[0]},a\n{images[1]},a\n")
        _, err = self.stoker(*words, "data.val=one.csv", expect=3)
        self.assertIn("expected two classes or more", err)


if __name__ == "__main__":
    unittest.main()
