# The formula for Homebrew. What only a release has, its addresses and digests, stands as words in @: `make formula`
# writes dist/kerash.rb with all of them.
class Kerash < Formula
  include Language::Python::Virtualenv

  desc "Neural networks for the shell"
  homepage "@HOMEPAGE@"
  url "@URL@"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "rust" => :build # for safetensors
  depends_on "numpy"
  depends_on "python@3.13"

  # @RESOURCES@

  def install
    virtualenv_install_with_resources(link_manpages: true)
    generate_completions_from_executable(bin/"kerash", "completion", shells: [:bash, :zsh, :fish])
  end

  test do
    (testpath/"iris.csv").write shell_output("#{bin}/kerash data iris")
    system bin/"kerash", "train", "iris.csv", "--target", "species", "--epochs", "50", "--quiet"
    assert_equal "setosa\n", pipe_output("#{bin}/kerash predict iris.kerash", "5.1,3.5,1.4,0.2\n", 0)
  end
end
