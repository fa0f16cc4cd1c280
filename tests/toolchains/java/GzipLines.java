import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.GZIPInputStream;

/**
 * Reads the lines of a gzipped HTTP stream to its end, as Java's own classes do it.
 *
 * <p>Arguments: {@code connection} (HttpURLConnection) or {@code client} (HttpClient), and the URL. Each
 * line is told in base64. The reader is strict: a body that ends without its checksum is an
 * EOFException, and what was inflated but not read yet is lost with it.
 */
final class GzipLines {
    private GzipLines() {}

    public static void main(String[] arguments) throws Exception {
        InputStream body =
                arguments[0].equals("client") ? byClient(arguments[1]) : byConnection(arguments[1]);
        PrintStream told = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(new GZIPInputStream(body), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
                told.println(Base64.getEncoder().encodeToString(bytes));
                told.flush();
            }
        }
    }

    private static InputStream byConnection(String url) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setRequestProperty("Accept-Encoding", "gzip");
        if (!"gzip".equals(connection.getContentEncoding())) {
            throw new IOException("not gzipped: " + connection.getHeaderFields());
        }
        return connection.getInputStream();
    }

    private static InputStream byClient(String url) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(url)).header("Accept-Encoding", "gzip").build();
        HttpResponse<InputStream> response =
                HttpClient.newHttpClient()
                        .send(request, HttpResponse.BodyHandlers.ofInputStream());
        if (!response.headers().firstValue("Content-Encoding").orElse("").equals("gzip")) {
            throw new IOException("not gzipped: " + response.headers().map());
        }
        return response.body();
    }
}
