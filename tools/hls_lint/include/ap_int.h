// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Shape of the vendor's header of the same name, for tools/lint_hls.py, which looks at code and runs none. The header
// itself costs a parser seconds for each kernel.
#ifndef SUMTILE_LINT_AP_INT_H
#define SUMTILE_LINT_AP_INT_H

struct ap_bits {
  template <class Value>
  ap_bits& operator=(const Value& value);
  operator unsigned long long() const;
};

template <int Bits, class Self>
struct ap_number {
  operator long long() const;
  ap_bits range(int high, int low);
  ap_bits range(int high, int low) const;
  ap_bits operator()(int high, int low);
  ap_bits operator[](int bit);
  bool operator[](int bit) const;
  int to_int() const;
  unsigned to_uint() const;
  int length() const;
  Self& operator++();
  Self& operator--();
  Self operator++(int);
  Self operator--(int);
  Self& operator+=(long long value);
  Self& operator-=(long long value);
  Self& operator*=(long long value);
  Self& operator&=(long long value);
  Self& operator|=(long long value);
  Self& operator^=(long long value);
  Self& operator<<=(long long value);
  Self& operator>>=(long long value);
};

template <int Bits>
struct ap_int : ap_number<Bits, ap_int<Bits>> {
  ap_int() = default;
  template <class Value>
  ap_int(const Value& value);
};

template <int Bits>
struct ap_uint : ap_number<Bits, ap_uint<Bits>> {
  ap_uint() = default;
  template <class Value>
  ap_uint(const Value& value);
};

#endif
