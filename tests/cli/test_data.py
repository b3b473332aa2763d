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


if __name__ == "__main__":
    unittest.main()
