/* Keys in lower case, eight octets at a time. */
#include "routing/key_writer.h"

#include <criterion/criterion.h>

/* Every octet at every place of what is lowered eight by eight, and of the rest. */
Test(key_writer, only_the_letters_of_ascii_are_lowered_wherever_they_stand)
{
    for (unsigned octet = 0; octet < 256; octet++)
        for (size_t place = 0; place < 19; place++) {
            uint8_t text[19];
            struct rt_key key;
            struct rt_key_writer writer;
            memset(text, 'M', sizeof text);
            text[place] = (uint8_t)octet;
            rt_key_open(&writer, &key, RT_KIND_OTHER);
            rt_key_put_lower(&writer, dm_bytes_of(text, sizeof text));
            rt_key_close(&writer);
            for (size_t i = 0; i < sizeof text; i++) {
                bool is_upper = text[i] >= 'A' && text[i] <= 'Z';
                cr_assert_eq(key.octets[1 + i], is_upper ? text[i] + 32 : text[i], "%u at %zu",
                             octet, place);
            }
        }
}
