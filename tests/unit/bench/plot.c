/* The latency plot: well-formed, with a curve that rises. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plot.h"

static struct histogram histogram;

static char *plotted(const char *title, const char *name)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    const struct plot_line line = {name, &histogram};
    cr_assert_eq(plot_write(to, title, &line, 1), 0);
    fclose(to);
    return text;
}

Test(plot, is_an_svg_from_begin_to_end)
{
    histogram_record(&histogram, 50000);
    char *text = plotted("a title", "a line");
    cr_assert_eq(strncmp(text, "<svg xmlns='http://www.w3.org/2000/svg'", 39), 0);
    cr_assert_str_eq(text + strlen(text) - 7, "</svg>\n");
    cr_assert_not_null(strstr(text, "a title"));
    cr_assert_not_null(strstr(text, "a line"));
    free(text);
}

Test(plot, escapes_what_is_markup)
{
    char *text = plotted("<b>&", "UAR<LIR");
    cr_assert_not_null(strstr(text, "&#60;b&#62;&#38;"));
    cr_assert_null(strstr(text, "<b>"));
    free(text);
}

Test(plot, of_nothing_is_a_frame)
{
    char *text = plotted("nothing", "none");
    cr_assert_not_null(strstr(text, "<polyline"));
    cr_assert_null(strstr(text, "nan"));
    cr_assert_null(strstr(text, "inf"));
    free(text);
}

Test(plot, rises_with_the_share_of_answers)
{
    for (uint64_t i = 1; i <= 100000; i++)
        histogram_record(&histogram, i * 1000);
    char *text = plotted("rising", "line");
    double before_x = 0, before_y = 1e9, x, y;
    char *at = strstr(strstr(text, "<polyline"), "points='") + 8;
    int points = 0;
    for (int used; sscanf(at, "%lf,%lf %n", &x, &y, &used) == 2; at += used, points++) {
        cr_assert_geq(x, before_x);
        cr_assert_leq(y, before_y); /* upwards is less in SVG */
        before_x = x;
        before_y = y;
    }
    cr_assert_gt(points, 50);
    free(text);
}

Test(plot, has_no_point_outside_of_its_frame)
{
    histogram_record(&histogram, 1);
    histogram_record(&histogram, UINT64_C(1) << 45);
    char *text = plotted("extremes", "line");
    double x, y;
    char *at = strstr(strstr(text, "<polyline"), "points='") + 8;
    for (int used; sscanf(at, "%lf,%lf %n", &x, &y, &used) == 2; at += used)
        cr_assert(x >= 0 && x <= 860 && y >= 0 && y <= 480);
    free(text);
}
