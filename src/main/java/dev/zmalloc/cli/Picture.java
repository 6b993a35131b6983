package dev.zmalloc.cli;

import de.erichseifert.vectorgraphics2d.Processors;
import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.knowm.xchart.internal.chartpart.Chart;

/** A picture of charts and words, drawn into PNG and SVG files. */
public final class Picture {
    private static final int PALETTE_COLOURS = 48;

    private final int width;
    private final int height;
    private final Consumer<Graphics2D> drawing;

    private Picture(int width, int height, Consumer<Graphics2D> drawing) {
        this.width = width;
        this.height = height;
        this.drawing = drawing;
    }

    /**
     * Draws the same into each file, as what its name ends in says: {@code .png}, otherwise SVG.
     *
     * @param out told why, where it cannot be drawn: some JDKs come without fonts
     * @return the files; none if it could not be drawn
     */
    public static List<Path> write(int width, int height, Consumer<Graphics2D> drawing, PrintStream out, Path... files)
            throws IOException {
        try {
            Picture picture = new Picture(width, height, drawing);
            for (Path file : files) {
                if (file.toString().endsWith(".png")) {
                    picture.writePng(file);
                } else {
                    picture.writeSvg(file);
                }
            }
            return List.of(files);
        } catch (LinkageError | InternalError | RuntimeException e) {
            // AWT throws any of these where the system lacks fonts, or the JDK was built without its drawing parts.
            out.println("The picture could not be drawn: " + e);
            out.println("    This JDK may lack java.desktop's libraries, or the system fonts (Debian: apt-get install"
                    + " fontconfig fonts-dejavu-core). All figures are in the tables.");
            return List.of();
        }
    }

    /** Paints a chart into a part of the picture. */
    public static void paint(Graphics2D graphics, Chart<?, ?> chart, int x, int y, int width, int height) {
        Graphics2D part = (Graphics2D) graphics.create();
        try {
            part.translate(x, y);
            chart.paint(part, width, height);
        } finally {
            part.dispose();
        }
    }

    /** Writes a line of text. Returns where it ends. */
    public static int text(Graphics2D graphics, String text, int style, int points, int x, int baseline) {
        graphics.setFont(Charts.font(style, points));
        graphics.setColor(Charts.INK);
        graphics.drawString(text, x, baseline);
        return x + graphics.getFontMetrics().stringWidth(text);
    }

    private void draw(Graphics2D graphics) {
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, width, height);
        drawing.accept(graphics);
    }

    private void writePng(Path file) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            draw(graphics);
        } finally {
            graphics.dispose();
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        // Through memory, since closing the image stream would not close the file's.
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam smallest = writer.getDefaultWriteParam();
            smallest.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            smallest.setCompressionQuality(0);
            writer.write(null, new IIOImage(withFewColours(image), null, null), smallest);
        } finally {
            writer.dispose();
        }
        Files.write(file, bytes.toByteArray());
    }

    /**
     * With the 48 colours that are most frequent, and for the others the nearest of them: a third of the file, and no
     * difference to see.
     */
    private static BufferedImage withFewColours(BufferedImage image) {
        int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        Map<Integer, Integer> counts = new HashMap<>();
        for (int pixel : pixels) {
            counts.merge(pixel, 1, Integer::sum);
        }
        int[] palette = counts.entrySet().stream()
                .sorted(Map.Entry.<Integer, Integer>comparingByValue().reversed())
                .limit(PALETTE_COLOURS)
                .mapToInt(Map.Entry::getKey)
                .toArray();
        IndexColorModel colours = new IndexColorModel(8, palette.length, palette, 0, false, -1, DataBuffer.TYPE_BYTE);
        Map<Integer, Integer> nearest = new HashMap<>();
        byte[] indexes = new byte[pixels.length];
        for (int index = 0; index < pixels.length; index++) {
            indexes[index] = (byte) (int) nearest.computeIfAbsent(pixels[index], pixel -> nearest(palette, pixel));
        }
        WritableRaster raster = Raster.createInterleavedRaster(
                new DataBufferByte(indexes, indexes.length),
                image.getWidth(),
                image.getHeight(),
                image.getWidth(),
                1,
                new int[] {0},
                null);
        return new BufferedImage(colours, raster, false, null);
    }

    private static int nearest(int[] palette, int pixel) {
        int best = 0;
        int least = Integer.MAX_VALUE;
        for (int index = 0; index < palette.length; index++) {
            int red = (palette[index] >> 16 & 0xff) - (pixel >> 16 & 0xff);
            int green = (palette[index] >> 8 & 0xff) - (pixel >> 8 & 0xff);
            int blue = (palette[index] & 0xff) - (pixel & 0xff);
            int distance = red * red + green * green + blue * blue;
            if (distance < least) {
                least = distance;
                best = index;
            }
        }
        return best;
    }

    private void writeSvg(Path file) throws IOException {
        VectorGraphics2D graphics = new VectorGraphics2D();
        draw(graphics);
        try (OutputStream out = Files.newOutputStream(file)) {
            Processors.get("svg")
                    .getDocument(graphics.getCommands(), new PageSize(width, height))
                    .writeTo(out);
        }
    }
}
