/* SPDX-License-Identifier: Apache-2.0
 *
 * second_reader: see second_reader.h.
 */
#include "second_reader.h"

#include <simdjson.h>

namespace dom = simdjson::dom;

namespace
{
struct teller {
    second_hears *hear;
    void *self;

    void bare(char kind) const
    {
        hear(self, kind, "", 0);
    }
    void string(std::string_view s) const
    {
        hear(self, 's', s.data(), s.size());
    }
    void number(double v) const
    {
        hear(self, '#', &v, sizeof v);
    }
    void value(dom::element e) const;
};

void teller::value(dom::element e) const
{
    switch (e.type()) {
    case dom::element_type::ARRAY:
        bare('[');
        for (dom::element i : dom::array(e))
            value(i);
        bare(']');
        break;
    case dom::element_type::OBJECT:
        bare('{');
        for (dom::key_value_pair i : dom::object(e)) {
            string(i.key);
            value(i.value);
        }
        bare('}');
        break;
    case dom::element_type::STRING:
        string(std::string_view(e));
        break;
    case dom::element_type::BOOL:
        bare(bool(e) ? 't' : 'f');
        break;
    case dom::element_type::NULL_VALUE:
        bare('n');
        break;
    default: /* 64 bits with or without sign, or a double */
        number(double(e));
    }
}
} // namespace

enum second_verdict second_read(const char *text, size_t n, second_hears *hear, void *self)
{
    dom::parser parser;
    dom::element root;
    simdjson::error_code error = parser.parse(simdjson::padded_string(text, n)).get(root);
    if (error == simdjson::NUMBER_ERROR)
        return SECOND_REFUSES_A_NUMBER;
    if (error != simdjson::SUCCESS)
        return SECOND_REFUSES;
    teller{ hear, self }.value(root);
    return SECOND_READS;
}
