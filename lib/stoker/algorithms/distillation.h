// Knowledge distillation: training learns from what another network, the teacher, says of the same
// augmented and mixed images, beside their labels.
//
//   loss = (1 - alpha) loss(labels) + alpha d
//   soft: d = T^2 KL(softmax(teacher / T) || softmax(logits / T))
//         (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, section 2)
//   hard: d = cross-entropy with the class that the teacher finds most probable
//         (Touvron et al., "Training data-efficient image transformers", ICML 2021, equation 3)
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "stoker/config/fields.h"
#include "stoker/models/model.h"
#include "stoker/train/events.h"
#include "stoker/train/options.h"

namespace stoker::algorithms {

enum class Distillation { kSoft, kHard };
std::span<const std::string_view> enum_names(Distillation);  // soft, hard

struct DistillationOptions {
  std::string teacher;  // a run, a checkpoint or a file of weights
  std::string model;    // of a file of weights
  Distillation kind = Distillation::kSoft;
  double temperature = 4;
  double alpha = 0.5;
};
void describe(DistillationOptions& options, config::Fields& fields);

// A network in eval mode that nobody changes.
struct Teacher {
  std::shared_ptr<models::Model> model;
  // What makes the run's images those that the teacher was trained on: images * scale + shift,
  // [1, C, 1, 1] float32 each; undefined where they are the same.
  at::Tensor scale, shift;
  std::array<int64_t, 2> digest{};  // of its weights: a run that goes on has the same teacher
  std::string text;                 // what it is, for a person
};

// Throws ConfigError at the start of a run that goes on with another teacher. teacher: as
// AlgorithmContext has it.
std::unique_ptr<train::Algorithm> make_distillation(const DistillationOptions& options,
                                                    std::shared_ptr<const Teacher> teacher,
                                                    train::Precision precision);

// The loss of each image by what the teacher says, [n] float32; logits: [n, classes] of any
// floating dtype.
at::Tensor distilled(const DistillationOptions& options, const at::Tensor& logits,
                     const at::Tensor& teacher_logits);

}  // namespace stoker::algorithms
