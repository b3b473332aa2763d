#include "stoker/fetch/known_datasets.h"

#include <initializer_list>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/text.h"
#include "stoker/fetch/untar.h"

namespace stoker::fetch {
namespace {

namespace fs = std::filesystem;

struct Sums {
  std::string_view name;
  int64_t size_bytes;
  std::string_view sha256;
};

std::vector<Download> files_at(std::initializer_list<std::string_view> mirrors,
                               std::initializer_list<Sums> files) {
  std::vector<Download> list;
  for (const Sums& file : files) {
    Download download{std::string(file.name), {}, file.size_bytes, std::string(file.sha256)};
    for (const std::string_view mirror : mirrors)
      download.urls.push_back(fmt::format("{}/{}", mirror, file.name));
    list.push_back(std::move(download));
  }
  return list;
}

std::vector<KnownDataset> make_table() {
  return {
      {"cifar10", "cifar", "60,000 photographs of 32x32 in 10 classes, 170 MB",
       files_at({"https://www.cs.toronto.edu/~kriz",
                 "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10"},
                {{"cifar-10-binary.tar.gz", 170'052'171,
                  "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}}),
       "cifar-10-batches-bin"},
      {"cifar100", "cifar", "60,000 photographs of 32x32 in 100 classes, 169 MB",
       files_at({"https://www.cs.toronto.edu/~kriz"},
                {{"cifar-100-binary.tar.gz", 168'513'733,
                  "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}}),
       "cifar-100-binary"},
      {"mnist", "idx", "70,000 handwritten digits of 28x28, 12 MB",
       files_at({"https://ossci-datasets.s3.amazonaws.com/mnist",
                 "https://storage.googleapis.com/cvdf-datasets/mnist"},
                {{"train-images-idx3-ubyte.gz", 9'912'422,
                  "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
                 {"train-labels-idx1-ubyte.gz", 28'881,
                  "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
                 {"t10k-images-idx3-ubyte.gz", 1'648'877,
                  "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
                 {"t10k-labels-idx1-ubyte.gz", 4'542,
                  "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}),
       ""},
      {"fashion_mnist", "idx", "70,000 pieces of clothing of 28x28 in 10 classes, 31 MB",
       files_at(
           {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"},
           {{"train-images-idx3-ubyte.gz", 26'421'880,
             "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
            {"train-labels-idx1-ubyte.gz", 29'515,
             "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
            {"t10k-images-idx3-ubyte.gz", 4'422'102,
             "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
            {"t10k-labels-idx1-ubyte.gz", 5'148,
             "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}}),
       ""},
  };
}

}  // namespace

std::span<const KnownDataset> known_datasets() {
  static const std::vector<KnownDataset> table = make_table();
  return table;
}

const KnownDataset& known_dataset(std::string_view name) {
  std::vector<std::string_view> names;
  for (const KnownDataset& dataset : known_datasets()) {
    if (dataset.name == name) return dataset;
    names.push_back(dataset.name);
  }
  const std::string_view near = nearest(name, names);
  throw ConfigError(fmt::format("'{}' is not a data set that can be fetched{}. There are: {}.",
                                name, near.empty() ? "" : fmt::format("; did you mean '{}'?", near),
                                join(names, ", ")));
}

void get_dataset(const KnownDataset& dataset, const fs::path& folder,
                 const DownloadOptions& options, const OnDownloadProgress& on_progress) {
  if (dataset.archive_folder.empty()) {
    for (const Download& file : dataset.files) download(file, folder, options, on_progress);
    return;
  }
  STOKER_CHECK(dataset.files.size() == 1, "{} files", dataset.files.size());
  const fs::path unpacked = folder / dataset.archive_folder;
  if (fs::exists(unpacked)) return;
  const fs::path archive = download(dataset.files[0], folder, options, on_progress);
  unpack_tar_gz(archive, unpacked);
  real_file_system().remove_all(archive);
}

}  // namespace stoker::fetch
