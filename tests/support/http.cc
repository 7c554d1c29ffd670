#include "tests/support/http.h"

#include <algorithm>
#include <charconv>

namespace fairlead::e2e {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The word of `line` with this index, words being separated by single spaces.
std::string Word(std::string_view line, int index) {
  for (; index > 0; --index) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return "";
    line.remove_prefix(space + 1);
  }
  return std::string(line.substr(0, line.find(' ')));
}

bool ParseNumber(std::string_view text, int base, std::size_t* out) {
  return std::from_chars(text.data(), text.data() + text.size(), *out, base).ec == std::errc();
}

}  // namespace

std::string HttpHead::Field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return "";
}

int HttpHead::Status() const {
  std::size_t status = 0;
  return start_line.starts_with("HTTP/") && ParseNumber(Word(start_line, 1), 10, &status)
             ? static_cast<int>(status)
             : 0;
}

std::string HttpHead::Method() const { return Word(start_line, 0); }
std::string HttpHead::Target() const { return Word(start_line, 1); }

std::string HttpHead::ToText() const {
  std::string text = start_line + "\r\n";
  for (const auto& [key, value] : fields) text += key + ": " + value + "\r\n";
  return text + "\r\n";
}

bool HttpReader::ReadLine(std::string* line) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!stream_->ReadSome(&buffer_)) return false;
  }
  *line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

bool HttpReader::ReadHead(HttpHead* head) {
  *head = {};
  if (!ReadLine(&head->start_line)) return false;
  std::string line;
  while (ReadLine(&line) && !line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return false;
    head->fields.emplace_back(Lower(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  }
  const int status = head->Status();
  const std::string length = head->Field("content-length");
  framing_ = Framing::kLength;
  left_ = 0;
  if (status == 204 || status == 304) return line.empty();
  if (head->Field("transfer-encoding") == "chunked") {
    framing_ = Framing::kChunked;
  } else if (!length.empty()) {
    return ParseNumber(length, 10, &left_);
  } else if (status != 0) {
    framing_ = Framing::kUntilClose;
  }
  return line.empty();
}

HttpReader::Piece HttpReader::ReadCounted(std::string* out) {
  if (buffer_.empty() && !stream_->ReadSome(&buffer_)) return Piece::kFailed;
  const std::size_t n = std::min(left_, buffer_.size());
  out->append(buffer_, 0, n);
  buffer_.erase(0, n);
  left_ -= n;
  std::string line;
  if (framing_ == Framing::kChunked && left_ == 0 && !ReadLine(&line)) return Piece::kFailed;
  return Piece::kData;
}

HttpReader::Piece HttpReader::ReadPiece(std::string* out) {
  if (left_ > 0) return ReadCounted(out);
  if (framing_ == Framing::kLength) return Piece::kEnd;
  if (framing_ == Framing::kUntilClose) {
    if (buffer_.empty() && !stream_->ReadSome(&buffer_)) return Piece::kEnd;
    *out += buffer_;
    buffer_.clear();
    return Piece::kData;
  }
  std::string line;
  if (!ReadLine(&line) || !ParseNumber(line, 16, &left_)) return Piece::kFailed;
  if (left_ > 0) return ReadCounted(out);
  return ReadLine(&line) ? Piece::kEnd : Piece::kFailed;
}

bool HttpReader::ReadBody(std::string* body) {
  body->clear();
  Piece piece = Piece::kData;
  while ((piece = ReadPiece(body)) == Piece::kData) {
  }
  return piece == Piece::kEnd;
}

}  // namespace fairlead::e2e
