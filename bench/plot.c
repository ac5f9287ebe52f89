/* plot.c — latency by percentile as SVG, written by hand: a frame, a grid, a line for each
 * histogram.
 *
 * x is the share of slower answers, from half of them to one in a million, y is microseconds from 1
 * to 10^7; each step of the grid is a factor of ten. */
#include "bench/plot.h"

#include <errno.h>
#include <math.h>

enum { WIDTH = 860, HEIGHT = 480, LEFT = 90, TOP = 50, RIGHT = 30, BOTTOM = 60 };
enum { PLOT_LINES_MAX = 6, POINTS_A_DECADE = 20 };

struct plot_frame {
    FILE *to;
    int decades;         /* of x: 1/(1-p) from 1 to 10^decades */
    int lowest, highest; /* powers of ten of y, microseconds */
};

static const char *const colours[PLOT_LINES_MAX] = {"#0b6bcb", "#c9431c", "#1e8a4c",
                                                    "#7a3fb0", "#8a6d00", "#555555"};

static double plot_x(const struct plot_frame *frame, double log_rest)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * log_rest / frame->decades;
}

static double plot_y(const struct plot_frame *frame, double us)
{
    double share = (log10(fmax(us, 1e-3)) - frame->lowest) / (frame->highest - frame->lowest);
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * fmin(fmax(share, 0), 1);
}

static void put_text(FILE *to, const char *text)
{
    for (; *text; text++)
        if (*text == '<' || *text == '&' || *text == '>')
            fprintf(to, "&#%d;", *text);
        else
            fputc(*text, to);
}

static void put_label(FILE *to, double x, double y, const char *anchor, const char *text)
{
    fprintf(to, "<text x='%.1f' y='%.1f' text-anchor='%s'>", x, y, anchor);
    put_text(to, text);
    fputs("</text>\n", to);
}

static void put_grid_line(FILE *to, double x1, double y1, double x2, double y2)
{
    fprintf(to, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#ddd'/>\n", x1, y1, x2, y2);
}

static void put_x_axis(const struct plot_frame *frame)
{
    static const char *const shares[] = {"0 %",     "90 %",     "99 %",     "99.9 %",
                                         "99.99 %", "99.999 %", "99.9999 %"};
    for (int decade = 0; decade <= frame->decades; decade++) {
        double x = plot_x(frame, decade);
        put_grid_line(frame->to, x, TOP, x, HEIGHT - BOTTOM);
        put_label(frame->to, x, HEIGHT - BOTTOM + 20, "middle", shares[decade]);
    }
    put_label(frame->to, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14, "middle",
              "answers that came sooner");
}

static void put_y_axis(const struct plot_frame *frame)
{
    static const char *const times[] = {"0.1 us", "1 us",   "10 us", "100 us", "1 ms",
                                        "10 ms",  "100 ms", "1 s",   "10 s",   "100 s"};
    for (int power = frame->lowest; power <= frame->highest; power++) {
        double y = plot_y(frame, pow(10, power));
        put_grid_line(frame->to, LEFT, y, WIDTH - RIGHT, y);
        put_label(frame->to, LEFT - 8, y + 4, "end", times[power + 1]);
    }
}

static void put_curve(const struct plot_frame *frame, const struct histogram *histogram,
                      const char *colour)
{
    fprintf(frame->to, "<polyline fill='none' stroke='%s' stroke-width='2' points='", colour);
    int points = frame->decades * POINTS_A_DECADE;
    for (int i = 0; i <= points; i++) {
        double log_rest = (double)i / POINTS_A_DECADE;
        double us = histogram_quantile(histogram, 1 - pow(10, -log_rest)) / 1000;
        fprintf(frame->to, "%.1f,%.1f ", plot_x(frame, log_rest), plot_y(frame, us));
    }
    fputs("'/>\n", frame->to);
}

/* As far to the right as the counts carry, as high and low as the values go. */
static void frame_fit(struct plot_frame *frame, const struct plot_line *lines, size_t count)
{
    double most = 10, low = 1e12, high = 1;
    for (size_t i = 0; i < count; i++) {
        const struct histogram *histogram = lines[i].histogram;
        most = fmax(most, (double)histogram->count);
        high = fmax(high, (double)histogram->max / 1000);
        if (histogram->count)
            low = fmin(low, fmax((double)histogram->min / 1000, 0.1));
    }
    frame->decades = (int)fmin(fmax(floor(log10(most)), 1), 6);
    frame->highest = (int)fmin(fmax(ceil(log10(high)), 1), 8);
    frame->lowest = (int)fmin(floor(log10(low)), frame->highest - 1);
}

int plot_write(FILE *to, const char *title, const struct plot_line *lines, size_t count)
{
    struct plot_frame frame = {.to = to};
    if (count > PLOT_LINES_MAX)
        count = PLOT_LINES_MAX;
    frame_fit(&frame, lines, count);
    fprintf(to,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' "
            "font-size='12' fill='#333'>\n<rect width='100%%' height='100%%' fill='white'/>\n",
            WIDTH, HEIGHT);
    put_label(to, LEFT, 26, "start", title);
    put_x_axis(&frame);
    put_y_axis(&frame);
    for (size_t i = 0; i < count; i++) {
        put_curve(&frame, lines[i].histogram, colours[i]);
        fprintf(to, "<g fill='%s'>", colours[i]);
        put_label(to, LEFT + 12, TOP + 18 + 16 * (double)i, "start", lines[i].name);
        fputs("</g>\n", to);
    }
    fputs("</svg>\n", to);
    return ferror(to) ? -EIO : 0;
}
