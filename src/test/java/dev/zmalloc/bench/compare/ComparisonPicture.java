package dev.zmalloc.bench.compare;

import dev.zmalloc.bench.compare.Comparison.Absent;
import dev.zmalloc.bench.compare.Comparison.Workload;
import dev.zmalloc.cli.Picture;
import java.awt.Font;
import java.awt.Graphics2D;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The comparison as one picture, PNG and SVG: a column for each workload, and in it the course of resident memory, the
 * peaks and what stays behind, time, and fragmentation.
 */
final class ComparisonPicture {
    private static final int COLUMN_WIDTH = 800;
    private static final int MARGIN = 26;
    private static final int HEAD_HEIGHT = 176;
    private static final int COLUMN_HEAD_HEIGHT = 62;
    private static final int COURSE_HEIGHT = 400;
    private static final int PEAKS_HEIGHT = 320;
    private static final int SMALL_HEIGHT = 320;
    private static final int FOOT_HEIGHT = 104;
    private static final int TIME_WIDTH = 200;
    private static final int IN_USE_WIDTH = 345;

    private static final List<String> FOOT = List.of(
            "Resident: growth of the process since before the replay. Used: live bytes as the allocator rounds them up."
                    + " Fragmentation: resident / used. CPU time: of the replaying thread.",
            "Full: filled for the first time; worn: as full again, after blocks of other sizes; settled: the same after"
                    + " purge(), which does at once what decay does with time.",
            "Freed: all but 5 % of the blocks freed at random, at once; purged: the same after purge(). No bar: that"
                    + " allocator has no purge(). Lower is better everywhere.");

    private final Comparison comparison;
    private final int width;

    private ComparisonPicture(Comparison comparison) {
        this.comparison = comparison;
        this.width = 2 * MARGIN + Math.max(2, comparison.workloads().size()) * COLUMN_WIDTH;
    }

    /**
     * Draws into {@code compare-allocators.png} and {@code .svg} in {@code folder}.
     *
     * @param out told why, where it cannot be drawn: some JDKs come without fonts
     * @return the files
     */
    static List<Path> write(Comparison comparison, Path folder, PrintStream out) throws IOException {
        ComparisonPicture picture = new ComparisonPicture(comparison);
        return Picture.write(
                picture.width,
                picture.height(),
                picture::draw,
                out,
                folder.resolve("compare-allocators.png"),
                folder.resolve("compare-allocators.svg"));
    }

    private int height() {
        return HEAD_HEIGHT + COLUMN_HEAD_HEIGHT + COURSE_HEIGHT + PEAKS_HEIGHT + SMALL_HEIGHT + FOOT_HEIGHT;
    }

    private void draw(Graphics2D graphics) {
        drawHead(graphics);
        int x = MARGIN;
        for (Workload workload : comparison.workloads()) {
            drawColumn(graphics, workload, x);
            x += COLUMN_WIDTH;
        }
        drawFoot(graphics);
    }

    private void drawHead(Graphics2D graphics) {
        Picture.text(
                graphics,
                "Choosing an allocator: the same allocations, replayed with each",
                Font.BOLD,
                30,
                MARGIN + 10,
                48);
        Picture.text(
                graphics,
                String.format(
                        Locale.ROOT,
                        "%d MiB requested when full; median of %d %s each; %s",
                        comparison.settings().mebibytes(),
                        comparison.settings().forks(),
                        comparison.settings().forks() == 1 ? "process" : "processes",
                        comparison.machine().date()),
                Font.PLAIN,
                17,
                MARGIN + 10,
                80);
        Picture.text(graphics, comparison.machine().words(), Font.PLAIN, 17, MARGIN + 10, 106);
        drawLegend(graphics, 148);
    }

    private void drawLegend(Graphics2D graphics, int baseline) {
        int x = MARGIN + 10;
        for (Backend backend : comparison.backends()) {
            graphics.setColor(Panels.colour(backend.name()));
            graphics.fillRect(x, baseline - 16, 30, 18);
            x = Picture.text(graphics, backend.name(), Font.BOLD, 18, x + 40, baseline);
            x = Picture.text(graphics, version(backend), Font.PLAIN, 18, x + 7, baseline) + 34;
        }
        graphics.setColor(Panels.REQUESTED);
        graphics.fillRect(x, baseline - 16, 30, 18);
        x = Picture.text(graphics, "requested", Font.PLAIN, 18, x + 40, baseline) + 34;
        for (Absent absent : comparison.absent()) {
            x = Picture.text(graphics, absent.name() + ": missing", Font.ITALIC, 18, x, baseline) + 34;
        }
    }

    /** The number alone, where a version goes on with how it was built. */
    private static String version(Backend backend) {
        return backend.version().split("-", 2)[0];
    }

    private void drawColumn(Graphics2D graphics, Workload workload, int x) {
        int y = HEAD_HEIGHT;
        Picture.text(graphics, workload.kind().title(), Font.BOLD, 24, x + 10, y + 24);
        Picture.text(graphics, workload.kind().words(), Font.PLAIN, 15, x + 10, y + 50);
        y += COLUMN_HEAD_HEIGHT;
        Picture.paint(graphics, Panels.course(workload), x, y, COLUMN_WIDTH, COURSE_HEIGHT);
        y += COURSE_HEIGHT;
        Picture.paint(graphics, Panels.peaks(workload), x, y, COLUMN_WIDTH, PEAKS_HEIGHT);
        y += PEAKS_HEIGHT;
        Picture.paint(graphics, Panels.time(workload), x, y, TIME_WIDTH, SMALL_HEIGHT);
        Picture.paint(graphics, Panels.fragmentationInUse(workload), x + TIME_WIDTH, y, IN_USE_WIDTH, SMALL_HEIGHT);
        int both = TIME_WIDTH + IN_USE_WIDTH;
        Picture.paint(graphics, Panels.fragmentationAfter(workload), x + both, y, COLUMN_WIDTH - both, SMALL_HEIGHT);
    }

    private void drawFoot(Graphics2D graphics) {
        int baseline = height() - FOOT_HEIGHT + 26;
        for (String line : FOOT) {
            Picture.text(graphics, line, Font.PLAIN, 14, MARGIN + 10, baseline);
            baseline += 24;
        }
    }
}
