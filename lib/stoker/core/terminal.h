// What standard error is to a person: whether lines can be redrawn and coloured there, how wide it
// is, and the one line at its bottom that is redrawn while something is at work. That line belongs
// to the process, as standard error does: what the logger writes appears above it.
//
//   if (is_screen() && is_line_due()) show_line(progress_line(text, screen_columns()));
//   hide_line();
#pragma once

#include <string>
#include <string_view>

namespace stoker {

// Whether standard error is a terminal that can redraw a line: TERM is neither "dumb" nor empty.
bool is_screen();
// Of standard error at this moment: it may be resized. 80 where it is not known.
int screen_columns();

// NO_COLOR (not empty) forbids colours anywhere, then CLICOLOR_FORCE (neither empty nor 0) asks for
// them anywhere; else a terminal has them that is_screen() would take.
bool has_colors(int descriptor);
enum class Style { kRed, kYellow, kDim };
std::string styled(Style style, std::string_view text);

// A part of a line for the logger, which makes it dim on a terminal that has colours. The marks
// around it are never written.
constexpr char kDimBegin = '\x0e', kDimEnd = '\x0f';
std::string dim_name(std::string_view text);

// The line takes the place of the one before it; where nothing can be drawn the caller says so.
// Text is printable, without line feeds. For any thread.
void show_line(std::string_view text);
void hide_line();
// Whether none is shown, or one that was drawn so long ago that another drawing costs nothing.
bool is_line_due();
// Whole lines, which end in a line feed, above the line that is shown.
void write_above_line(std::string_view lines);

}  // namespace stoker
